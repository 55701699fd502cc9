// Package outbox carries out actions: it turns what incidents want into rows, waits for approvals, hands each row to its
// executor at least once, and records what became of it. Nothing else touches the world.
package outbox
