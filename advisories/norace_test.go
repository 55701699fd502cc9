//go:build !race

package advisories_test

// raceDetector says that the tests run under the race detector, where a sync.Pool forgets things at random.
const raceDetector = false
