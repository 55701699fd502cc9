package githubtest

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"time"
)

// A user is someone with an account.
type user struct {
	id      int64
	login   string
	created time.Time
	rate    rate
	content content
	points  points
}

// AddUser makes an account whose calls carry the token; an empty token is for people who use the web only. Adding a
// login again gives it one more token.
func (s *Server) AddUser(login, token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.user(login)
	if token != "" {
		s.tokens[token] = u
	}
}

// UserID gives the number of an account, 0 for none.
func (s *Server) UserID(login string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.users[fold(login)]; u != nil {
		return u.id
	}
	return 0
}

// RevokeToken makes a token unknown.
func (s *Server) RevokeToken(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tokens, token)
}

// user finds or makes the account.
func (s *Server) user(login string) *user {
	u := s.users[fold(login)]
	if u == nil {
		u = &user{id: s.id(), login: login, created: s.opts.Now().UTC()}
		s.users[fold(login)] = u
	}
	return u
}

func (s *Server) getUser(q *call) answer {
	u := q.user
	m := s.person(q.base, u.login).(map[string]any)
	for k, v := range map[string]any{
		"name": u.login, "company": nil, "blog": "", "location": nil, "email": nil, "hireable": nil, "bio": nil,
		"twitter_username": nil, "public_repos": len(s.order), "public_gists": 0, "followers": 0, "following": 0,
		"created_at": stamp(u.created), "updated_at": stamp(u.created), "user_view_type": "public",
	} {
		m[k] = v
	}
	return answer{status: http.StatusOK, body: m}
}

// person is the short form of a user, null for nobody.
func (s *Server) person(base, login string) any {
	if login == "" {
		return nil
	}
	u := s.user(login)
	api, html := base+"/users/"+u.login, "https://github.com/"+u.login
	return map[string]any{
		"login": u.login, "id": u.id, "node_id": node("User", u.id), "gravatar_id": "", "type": "User",
		"site_admin": false, "user_view_type": "public",
		"avatar_url":          "https://avatars.githubusercontent.com/u/" + strconv.FormatInt(u.id, 10),
		"url":                 api,
		"html_url":            html,
		"followers_url":       api + "/followers",
		"following_url":       api + "/following{/other_user}",
		"gists_url":           api + "/gists{/gist_id}",
		"starred_url":         api + "/starred{/owner}{/repo}",
		"subscriptions_url":   api + "/subscriptions",
		"organizations_url":   api + "/orgs",
		"repos_url":           api + "/repos",
		"events_url":          api + "/events{/privacy}",
		"received_events_url": api + "/received_events",
	}
}

func (s *Server) people(base string, logins []string) []any {
	out := make([]any, len(logins))
	for i, l := range logins {
		out[i] = s.person(base, l)
	}
	return out
}

// node is GitHub's older form of a global id.
func node(kind string, id int64) string {
	return base64.StdEncoding.EncodeToString([]byte("0" + strconv.Itoa(len(kind)) + ":" + kind + strconv.FormatInt(id, 10)))
}
