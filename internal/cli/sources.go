package cli

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// sources resolves settings that no flag gave: GUESTLIST_X, then the file named
// by GUESTLIST_X_FILE, then the YAML file. kong could read the environment by
// itself, but not after a resolver, and not an environment of a test's own.
type sources struct {
	env    lookup
	faults faults

	loaded bool
	path   string // of the YAML file
	values map[string]string
}

// maxSettingFile bounds a file that holds one setting, in bytes.
const maxSettingFile = 64 << 10

// Validate has nothing to check before there are values.
func (s *sources) Validate(*kong.Application) error { return nil }

// Resolve finds a value for a flag, or nil.
func (s *sources) Resolve(kctx *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if remoteFlags[flag.Name] {
		value, _, err := s.fromEnvironment(flag.Name)
		if err != nil {
			s.faults = append(s.faults, err)
		}
		if value == nil {
			return nil, nil
		}
		return *value, nil
	}
	if !settingNames()[flag.Name] {
		return nil, nil
	}
	for _, f := range kctx.Flags() {
		if path, ok := kctx.FlagValue(f).(string); ok && f.Name == "config-file" && path != "" {
			s.path = path
		}
	}
	value, _, err := s.find(flag)
	if err != nil {
		s.faults = append(s.faults, err)
		return nil, nil
	}
	if value == nil {
		return nil, nil
	}
	return *value, nil
}

// find returns a flag's value beside the command line and where it is from.
func (s *sources) find(flag *kong.Flag) (value *string, from string, err error) {
	if value, from, err = s.fromEnvironment(flag.Name); value != nil || err != nil {
		return value, from, err
	}
	if !s.loaded {
		s.loaded = true
		if err := s.loadYAML(); err != nil {
			s.faults = append(s.faults, err)
		}
	}
	if v, ok := s.values[flag.Name]; ok {
		return &v, "file " + s.path, nil
	}
	return nil, "", nil
}

// fromEnvironment finds a value in a variable, or in the file that one names.
func (s *sources) fromEnvironment(setting string) (value *string, from string, err error) {
	name := envName(setting)
	if v, ok := s.env(name); ok {
		return &v, "environment " + name, nil
	}
	file, ok := s.env(name + "_FILE")
	if !ok || setting == "config-file" {
		return nil, "", nil
	}
	v, err := readSetting(file)
	if err != nil {
		return nil, "", fmt.Errorf("%s_FILE: %w", name, err)
	}
	return &v, "file " + file, nil
}

// envName returns the variable of a setting: listen is GUESTLIST_LISTEN.
func envName(setting string) string {
	return "GUESTLIST_" + strings.ToUpper(strings.ReplaceAll(setting, "-", "_"))
}

func readSetting(file string) (string, error) {
	info, err := os.Stat(file)
	if err != nil {
		return "", err
	}
	if info.Size() > maxSettingFile {
		return "", fmt.Errorf("%s is over %d bytes", file, maxSettingFile)
	}
	b, err := os.ReadFile(file)
	return strings.TrimRight(string(b), "\r\n"), err
}

// loadYAML reads the settings file. Unknown keys are refused, since a mistyped
// setting that is silently ignored is the worst kind; the others count all the
// same, so that what is wrong with them is told too.
func (s *sources) loadYAML() error {
	if s.path == "" {
		s.path, _ = s.env("GUESTLIST_CONFIG_FILE")
	}
	if s.path == "" {
		return nil
	}
	b, err := os.ReadFile(s.path)
	if err != nil {
		return err
	}
	var raw map[string]any
	var shape *yaml.TypeError // it would quote the file, which may hold a secret
	if err := yaml.Unmarshal(b, &raw); errors.As(err, &shape) {
		return fmt.Errorf("%s: it is no list of settings, one \"name: value\" a line", s.path)
	} else if err != nil {
		return fmt.Errorf("%s: %w", s.path, err)
	}
	known := settingNames()
	s.values = map[string]string{}
	var wrong []error
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		if !known[key] || key == "config-file" {
			wrong = append(wrong, fmt.Errorf("%s: there is no setting %q", s.path, key))
			continue
		}
		switch v := raw[key].(type) {
		case []any:
			parts := make([]string, len(v))
			for i, p := range v {
				parts[i] = fmt.Sprint(p)
			}
			s.values[key] = strings.Join(parts, ",")
		case map[string]any, nil:
			wrong = append(wrong, fmt.Errorf("%s: %q must be a text, a number or a list", s.path, key))
		default:
			s.values[key] = fmt.Sprint(v)
		}
	}
	return errors.Join(wrong...)
}
