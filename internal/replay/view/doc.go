// Package view writes replays for people: a table for the terminal, Markdown for a pull request, one self-contained page for
// a browser.
package view
