package githubtest

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// docsRoot starts every documentation_url.
const docsRoot = "https://docs.github.com/rest"

// A call is one request on its way through the server.
type call struct {
	http     *http.Request
	body     []byte
	now      time.Time
	base     string // scheme and host, to build URLs with
	docs     string
	user     *user // nil when anonymous
	badToken bool
	repo     *repository
}

// decode reads the JSON body, or says what is wrong with it.
func (q *call) decode(into any) (answer, bool) {
	if err := json.Unmarshal(q.body, into); err != nil {
		if _, ok := err.(*json.UnmarshalTypeError); ok {
			return answer{status: http.StatusUnprocessableEntity, body: failure{
				Message: "Invalid request.\n\n" + err.Error(), DocumentationURL: q.docs}}, false
		}
		return refuse(http.StatusBadRequest, "Problems parsing JSON", q.docs), false
	}
	return answer{}, true
}

// can says whether the caller has at least the permission in the repository.
func (q *call) can(p Permission) bool {
	return q.user != nil && q.repo.permission(q.user.login).atLeast(p)
}

// login of the caller, empty for none.
func (q *call) login() string {
	if q.user == nil {
		return ""
	}
	return q.user.login
}

// An answer is what a call returns.
type answer struct {
	status int
	body   any
	header http.Header
}

// A failure is the body of an error, in GitHub's form.
type failure struct {
	Message          string  `json:"message"`
	Errors           []fault `json:"errors,omitempty"`
	DocumentationURL string  `json:"documentation_url"`
	URL              string  `json:"url,omitempty"`
	Status           string  `json:"status"`
}

// A fault names one bad field of a request.
// https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#validation-failed
type fault struct {
	Resource string `json:"resource"`
	Code     string `json:"code"`
	Field    string `json:"field"`
	Message  string `json:"message,omitempty"`
	Value    string `json:"value,omitempty"`
}

func refuse(status int, message, docs string) answer {
	return answer{status: status, body: failure{Message: message, DocumentationURL: docs}}
}

// invalid is a 422 that names the bad fields.
func (q *call) invalid(f ...fault) answer {
	return answer{status: http.StatusUnprocessableEntity, body: failure{
		Message: "Validation Failed", Errors: f, DocumentationURL: q.docs}}
}

func (q *call) notFound() answer { return refuse(http.StatusNotFound, "Not Found", q.docs) }

func (q *call) forbidden(message string) answer { return refuse(http.StatusForbidden, message, q.docs) }

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// stampOrNil is null in JSON for the zero time.
func stampOrNil(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return stamp(t)
}

// textOrNil is null in JSON for the empty string.
func textOrNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func fold(s string) string { return strings.ToLower(s) }
