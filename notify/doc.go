// Package notify is the place of the executors, which carry out actions: each sub-package reaches people through one
// kind of channel, and routes says whom, of what and when. An executor makes the world as the action says, at most once, and
// reports what became of it as a [github.com/tocsin-dev/tocsin.DeliveryError].
package notify
