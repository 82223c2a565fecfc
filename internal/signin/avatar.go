package signin

import (
	"time"

	"guestlist"
	"guestlist/internal/store"
)

// Picture is a file that was judged to be one, with what the names of such files
// end in.
type Picture struct {
	ContentType string
	Ending      string
	Content     []byte
}

// UploadAvatar keeps a picture for somebody who registers. It is theirs once an
// account is made whose avatar is the address that the step gives, and is gone
// after a day otherwise.
type UploadAvatar struct{ Picture Picture }

// UploadOwnAvatar is UploadAvatar for somebody who is signed in, and sets the
// address with ChangeProfile.
type UploadOwnAvatar struct{ Picture Picture }

// How many pictures are taken within a window: for one person, and from one
// network.
const (
	avatarWindow         = time.Hour
	avatarsPerPerson     = 10
	avatarsPerNetwork    = 50
	counterAvatars       = "avatars-of|"
	counterAvatarNetwork = "avatars-from|"
)

var errTooManyAvatars = guestlist.Refuse(guestlist.KindTooMany, "storage.uploads_limited")

// keepAvatar keeps a picture of a person's, who is known by the key of a
// counter, and returns its address.
func (r *run) keepAvatar(tx *store.Tx, person string, p Picture) (string, error) {
	limits := map[string]int{counterAvatars + person: avatarsPerPerson}
	if r.from.IP != "" {
		limits[counterAvatarNetwork+network(r.from.IP)] = avatarsPerNetwork
	}
	for counter, most := range limits {
		l, err := tx.Hit(counter, tx.Now.Add(avatarWindow))
		if err != nil {
			return "", err
		}
		if l.Hits > most {
			return "", errTooManyAvatars // undone, the counter stays at most
		}
	}
	id, err := tx.KeepAvatar(store.Picture(p))
	return r.d.Endpoint + "/api/user-assets/" + id, err
}

func (UploadAvatar) logKey() string { return logProfileUpdate }

// prepare asks the gate: who may not come in fills no disk.
func (a UploadAvatar) prepare(r *run) error {
	if r.i.Event == guestlist.EventSignIn {
		return errInvalidType
	}
	return r.mayStage()
}

func (a UploadAvatar) apply(tx *store.Tx, r *run) (err error) {
	if err := r.mayStage(); err != nil {
		return err
	}
	r.step.Avatar, err = r.keepAvatar(tx, string(r.i.ID), a.Picture)
	return err
}

func (UploadOwnAvatar) logKey() string { return "Account.Profile.Update" }

func (UploadOwnAvatar) prepare(*accountRun) error { return nil }

func (a UploadOwnAvatar) apply(tx *store.Tx, r *accountRun) (err error) {
	r.out.Avatar, err = r.keepAvatar(tx, string(r.user.ID), a.Picture)
	return err
}
