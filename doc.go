// Package tocsin holds the words of Tocsin, the alarm bell of a software portfolio: the types that all its parts speak
// in. It imports the standard library only.
//
// # The way through
//
// Data flows one way, and every step is a value:
//
//	sources ──► inventory ──► findings ──► decisions ──► incidents ──► actions ──► the world
//	             scanner        match        policies     incidents     outbox       notify
//	                              ▲             ▲
//	feeds ──► advisories ─────────┘             └── project facts, KEV, EPSS
//
// An [Inventory] is the packages of one [Project], read from lockfiles, manifests, workflows and SBOMs, with a [Coverage]
// report of what could not be read. Package scanner makes it.
//
// An [Advisory] is one OSV record in one revision. Alias assertions join advisories into a [Class]; package advisories
// writes all classes and affected ranges into an immutable index, whose state is a [Snapshot].
//
// A [Finding] says of one package and one class whether it is affected, not affected or unknown, with the [Evidence].
// Package scanner/match makes it, and nothing that is not known ever looks clean.
//
// A [Decision] is what the policies say of a finding: a [Gate] for the release and a [Response] for people, with its
// [Reason] as a tree. It names the inventory, the snapshot and the policies that it was derived from.
//
// An [Incident] is an emergency being handled, with projects, roles, tasks and a timeline of [IncidentEvent] values.
// Package incidents folds decisions into it, and asks for effects as [Action] values.
//
// Actions are rows: written in the transaction of the change that wants them, held until enough people approved, carried
// out at least once by an executor that looks before it makes, and remembered by what they made, a [Remote]. Nothing
// else touches the world.
//
// # Where to start reading
//
// internal/pipeline composes the stages: Scan is the shortest way through half of them, Portfolio.Run through all. The
// stories in testdata/stories show what comes out. internal/lawtest has the table of who may import whom.
package tocsin
