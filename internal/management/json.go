package management

import (
	"encoding/json"
	"maps"
)

// mergeObjects writes the members of change over those of base, one level
// deep.
func mergeObjects(base, change object) (object, error) {
	members := map[string]json.RawMessage{}
	if len(base) > 0 {
		if err := json.Unmarshal(base, &members); err != nil {
			return nil, err
		}
	}
	var changed map[string]json.RawMessage
	if err := json.Unmarshal(change, &changed); err != nil {
		return nil, err
	}
	maps.Copy(members, changed)
	return json.Marshal(members)
}
