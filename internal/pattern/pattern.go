// Package pattern keeps regular expressions from being compiled before they are needed: a scan uses few of the many that
// readers of other formats have, and all together they would cost a tenth of its time.
package pattern

import (
	"regexp"
	"sync"
)

// Lazy compiles the expression at the first call of what it gives, which is safe for concurrent use. An expression that
// is none panics there, so each needs a test that comes to it.
func Lazy(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
