// Package reach says of findings in Go modules whether the code calls what is flawed, only imports it, or only has it among
// its requirements. It asks golang.org/x/vuln, the library of govulncheck, with a database of just the records that the
// findings are made of, and without a network.
//
// It is the one stage that needs more than a reader. It runs the go command on the code under scan, to list and type-check
// it: in a process of its own that is killed with all it started when the time is over, with an environment that holds no
// secret, downloads nothing, and runs neither C compiler nor toolchain nor version control of the project's choice. The
// project's code itself is never run. What cannot be looked at stays unknown and says why.
package reach
