package githubtest

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// rate is a user's primary limit: a window of an hour that starts with its first request.
// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
type rate struct {
	reset time.Time
	used  int
}

// spend counts a request and says whether the budget was used up before it.
func (r *rate) spend(now time.Time, budget int) (exceeded bool) {
	if !now.Before(r.reset) {
		*r = rate{reset: now.Add(time.Hour)}
	}
	if r.used >= budget {
		return true
	}
	r.used++
	return false
}

func (r *rate) describe(h http.Header, now time.Time, budget int) {
	reset := r.reset
	if reset.IsZero() {
		reset = now.Add(time.Hour)
	}
	h.Set("X-RateLimit-Limit", strconv.Itoa(budget))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(budget-r.used))
	h.Set("X-RateLimit-Used", strconv.Itoa(r.used))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(reset.Unix(), 10))
	h.Set("X-RateLimit-Resource", "core")
}

// content holds the times of a user's creations within the last hour.
type content struct{ made []time.Time }

func (c *content) exceeded(now time.Time, minute, hour int) bool {
	for len(c.made) > 0 && now.Sub(c.made[0]) >= time.Hour {
		c.made = c.made[1:]
	}
	recent := 0
	for _, t := range c.made {
		if now.Sub(t) < time.Minute {
			recent++
		}
	}
	return recent >= minute || len(c.made) >= hour
}

func (c *content) spend(now time.Time) { c.made = append(c.made, now) }

// points holds what a user's requests of the last minute cost: a read one, a write five.
// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#calculating-points-for-the-secondary-rate-limit
type points struct{ spent []time.Time }

// spend counts a request, and says whether the minute's points were used up before it.
func (p *points) spend(now time.Time, method string, budget int) (exceeded bool) {
	for len(p.spent) > 0 && now.Sub(p.spent[0]) >= time.Minute {
		p.spent = p.spent[1:]
	}
	cost := 5
	if method == http.MethodGet || method == http.MethodHead {
		cost = 1
	}
	if len(p.spent)+cost > budget {
		return true
	}
	for range cost {
		p.spent = append(p.spent, now)
	}
	return false
}

const secondaryDocs = docsRoot + "/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"

// contentLimit is the answer to one creation too many.
func contentLimit() answer {
	return answer{
		status: http.StatusForbidden,
		body: failure{
			Message: "You have exceeded a secondary rate limit and have been temporarily blocked from content " +
				"creation. Please retry your request again later.",
			DocumentationURL: secondaryDocs},
		header: http.Header{"Retry-After": {"60"}},
	}
}

func secondaryLimit(f Fault) answer {
	status := http.StatusForbidden
	if f.Kind == Secondary429 {
		status = http.StatusTooManyRequests
	}
	return answer{
		status: status,
		body: failure{
			Message:          "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
			DocumentationURL: secondaryDocs},
		header: retryAfter(f),
	}
}

// primaryLimit says that the hour's budget is used up, in either of the two forms GitHub documents.
func primaryLimit(q *call, reset time.Time, tooMany bool) answer {
	a := answer{status: http.StatusForbidden, header: http.Header{}}
	if tooMany {
		a.status = http.StatusTooManyRequests
	}
	var id int64
	if q.user != nil {
		id = q.user.id
	}
	a.header.Set("X-RateLimit-Remaining", "0")
	a.header.Set("X-RateLimit-Reset", strconv.FormatInt(reset.Unix(), 10))
	a.body = failure{
		Message:          fmt.Sprintf("API rate limit exceeded for user ID %d.", id),
		DocumentationURL: docsRoot + "/overview/rate-limits-for-the-rest-api"}
	return a
}
