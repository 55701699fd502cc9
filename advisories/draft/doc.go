// Package draft writes the advisories that we publish, in the formats that others read: OSV, CSAF 2.0, OpenVEX and the JSON of GitHub's
// repository advisories. All are written from one [tocsin.Document], and say the same. It is pure and its functions are safe for concurrent use.
package draft
