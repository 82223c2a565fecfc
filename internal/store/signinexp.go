package store

import "guestlist"

// settingSignInExperience names the setting that holds the record.
const settingSignInExperience = "sign_in_experience"

// SignInExperience returns the record in force.
func (tx *Tx) SignInExperience() (guestlist.SignInExperience, error) {
	if tx.experience != nil {
		return *tx.experience, nil
	}
	exp := guestlist.DefaultSignInExperience()
	if err := tx.SettingJSON(settingSignInExperience, &exp); err != nil {
		return exp, err
	}
	tx.experience = &exp
	return exp, nil
}

// PutSignInExperience replaces the record. When the username policy changes
// its letter case, every username's key is folded anew, and usernames that
// would clash give user.username_already_in_use and leave all as it was.
func (tx *Tx) PutSignInExperience(exp guestlist.SignInExperience) error {
	before, err := tx.SignInExperience()
	if err != nil {
		return err
	}
	if err := tx.PutSettingJSON(settingSignInExperience, exp); err != nil {
		return err
	}
	tx.experience = nil
	if before.UsernamePolicy.CaseSensitive == exp.UsernamePolicy.CaseSensitive {
		return nil
	}
	return tx.refoldUsernames(exp.UsernamePolicy.CaseSensitive)
}

// refoldUsernames writes the key of every username. Usernames are ASCII by the
// contract's pattern, so the engines' lower() is right for them.
func (tx *Tx) refoldUsernames(caseSensitive bool) error {
	if caseSensitive {
		return tx.run("UPDATE users SET username_key = username WHERE username IS NOT NULL")
	}
	return tx.run("UPDATE users SET username_key = lower(username) WHERE username IS NOT NULL")
}
