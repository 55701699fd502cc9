// Package site is what people see of the service in a browser. Its pages are a client of the table of routes of internal/web: each asks,
// within the process and as whoever looks, what a program would ask over HTTP, and a form does what a program would post. So nobody sees or
// does anything here that the API would not let them, and there is one place that decides.
//
// Pages work without JavaScript; with it they stay up to date, show times in the reader's zone, and have keys.
package site
