package crypt

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"guestlist"
)

const (
	keyFileLimit = 4096  // bytes; a key with some white space is below 100
	keyFileMode  = 0o600 // ours alone
	keyDirMode   = 0o700 // so is the directory
	othersMode   = 0o007 // what the rest of the machine may do
	windows      = "windows"
)

// LoadOrCreateKeyFile reads the master key from path, and makes the file with
// a new key, mode 0600, when there is none; missing directories are made too.
// Of several processes that start at once exactly one writes the file, whole,
// and all return the same key.
//
// A file that everybody on the machine may read or write is refused: such a
// key protects nothing. Group permissions are tolerated, because orchestrators
// add them to every file of a mounted volume.
func LoadOrCreateKeyFile(path string) (Key, error) {
	key, err := loadKeyFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := createKeyFile(path, NewKey()); err != nil && !errors.Is(err, fs.ErrExist) {
		return Key{}, keyFileError(path, err, "Make the directory writable, or give the key by the environment instead of a file.")
	}
	return loadKeyFile(path)
}

func loadKeyFile(path string) (Key, error) {
	const readable = "Make the key file readable for the user that runs the server, and for nobody else."
	f, err := os.Open(path)
	if err != nil {
		return Key{}, keyFileError(path, err, readable)
	}
	defer f.Close() //nolint:errcheck // it was only read
	info, err := f.Stat()
	if err != nil {
		return Key{}, keyFileError(path, err, readable)
	}
	if !info.Mode().IsRegular() {
		return Key{}, keyFileError(path, errors.New("it is not a file"), readable)
	}
	// Windows has no such bits and reports all of them.
	if info.Mode().Perm()&othersMode != 0 && runtime.GOOS != windows {
		return Key{}, keyFileError(path, fmt.Errorf("everybody on this machine may use it (mode %04o)", info.Mode().Perm()),
			"Run `chmod 600` on it; if strangers could have read it, take a new key.")
	}
	text, err := io.ReadAll(io.LimitReader(f, keyFileLimit))
	if err != nil {
		return Key{}, keyFileError(path, err, readable)
	}
	key, err := ParseKey(string(text))
	if err != nil {
		return Key{}, keyFileError(path, err, "Restore the file from a backup. Without its key the secrets in the database are lost.")
	}
	return key, nil
}

// createKeyFile writes the key to a temporary file and links it to path, so
// that nobody ever sees half a key and an existing file is never replaced.
// It fails with fs.ErrExist when somebody else was first.
func createKeyFile(path string, key Key) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, keyDirMode); err != nil {
		return err
	}
	temporary := path + "." + ShortID()
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, keyFileMode)
	if err != nil {
		return err
	}
	defer os.Remove(temporary) //nolint:errcheck // the link keeps the content; a leftover is no danger, it is ours alone
	_, err = f.WriteString(key.Reveal() + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(temporary, path); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes the name of a new file survive a power failure: losing the key
// of data that was already written would lose the data.
func syncDir(dir string) error {
	if runtime.GOOS == windows {
		return nil // directories cannot be synced there
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func keyFileError(path string, err error, hint string) error {
	return &guestlist.Error{
		Kind:    guestlist.KindInternal,
		Code:    "config.key_file",
		Message: "The key file " + path + " cannot be used.",
		Hint:    hint,
		Err:     err,
	}
}
