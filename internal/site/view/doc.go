// Package view turns values into the pages of the service: one layout, one stylesheet, one short script. It knows nothing of requests or
// of what is kept, and all that it is given is escaped by html/template.
package view
