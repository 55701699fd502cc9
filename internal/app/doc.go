// Package app wires the parts together: which policies, playbooks, executors and stores make up a running Tocsin. The
// lists are explicit, and nothing else knows everything.
package app
