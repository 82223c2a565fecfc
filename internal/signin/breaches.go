package signin

import "context"

// Breaches knows passwords that were published. A list that cannot be asked
// returns an error; the caller logs it and goes on, since nobody could set a
// password otherwise.
type Breaches interface {
	Contains(ctx context.Context, password string) (bool, error)
}
