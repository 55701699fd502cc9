// Package policies decides by written policy what is routine and what is an emergency.
//
// A policy is a YAML file of ordered rules whose conditions are CEL expressions over typed inputs (see [Input]). It speaks
// on one or both of two axes: gate (may a release go out?) and response (what should people do?). On each axis the first
// rule whose condition holds wins. Everything is checked when the file is loaded: a misspelt field is an error with file,
// line and column, never a rule that silently stops matching. An evaluation that fails is a verdict of its own: the gate is
// undecided, the response is hold.
//
// Shipped policies are in policies/packs, each with its tests beside it.
package policies
