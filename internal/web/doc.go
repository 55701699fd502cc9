// Package web is the service's HTTP interface: JSON under /v1, described by the OpenAPI document at /v1/openapi.json.
//
// One table says of each route what it takes, what it answers and who may; a handler is reached through its line of the table and in no
// other way. Who asks is proved by an [Authenticator], what is asked is done by an [Engine], and what is kept is read from the store.
// What somebody may not see does not exist for them: the same answer, to the byte, as for what is not there.
//
// All input is hostile. Bodies are received before they take a place in the queue for work, so that a slow client costs a connection
// and nothing else; what is unpacked is bounded in bytes and files.
package web
