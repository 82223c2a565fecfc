// Package storetest gives every test a database of its own, on each engine
// that the product runs on.
//
// It promises that tests never share rows, that a database is gone when its
// test ends, and that an engine is never left out silently: a machine without
// PostgreSQL skips with a hint, and fails where CI=true.
//
// It refuses to be imported by anything but tests, and it knows nothing of
// what the tests store.
package storetest
