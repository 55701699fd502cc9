// Package markdown makes hostile text harmless in GitHub's Markdown. Names, versions, summaries and paths come from
// packages, SBOMs and advisories, and anybody may have written them: as they stand they could mention people, refer
// to issues, link, embed HTML, forge the markers of our own text, or hide what they say behind control characters.
//
// What a function returns is to be placed as it is and never passed through a second one.
package markdown
