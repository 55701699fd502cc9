package scanner

import "time"

// The limits of a scan. Whatever meets one is reported in the coverage, with the limit.
const (
	// maxFiles is how many files and directories are looked at. A checkout of a very large repository has some 500,000.
	maxFiles = 1_000_000
	// maxDepth is how deep the walk goes. Paths deeper than this exist only where somebody wants to exhaust a walker.
	maxDepth = 200
	// maxPackages is how many packages an inventory may hold in all.
	maxPackages = 2_000_000
	// maxEdges is how many edges an inventory may hold in all.
	maxEdges = 8_000_000
	// perFile is how long one file may take. Fifty thousand packages take a second on a slow machine.
	perFile = 2 * time.Minute
)
