// Package drill takes a scenario through the engine that runs live, on a clock of its own: what becomes known is matched and judged by the
// policies, incidents are opened, led by the moves of a team, and called for, and all that would be sent is kept.
//
// A drill reaches nobody. What it would send is a [Sent], which no executor takes, and goes to addresses that no executor has; its
// incidents have keys that live rules refuse; and this package imports neither store nor outbox nor notify, nor anything that has a
// network, which internal/lawtest sees to.
package drill
