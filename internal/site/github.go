package site

import "github.com/tocsin-dev/tocsin/internal/web"

// githubPage are the repositories that we write to, and what a look at one of them found.
type githubPage struct {
	web.Repositories
	Check *web.RepositoryCheck
}

func (v *visit) github() (shown, error) {
	got, err := web.Get[web.Repositories](v.Client, "listRepositories", web.Ask{})
	return shown{title: "GitHub", body: githubPage{Repositories: got}}, err
}

// checkGitHub looks at one repository, and shows what it found beside the others.
func (v *visit) checkGitHub() (shown, error) {
	got, err := web.Get[web.RepositoryCheck](v.Client, "checkRepository", web.Ask{Body: web.RepositoryCheckInput{Repository: v.r.PostForm.Get("repository")}})
	if err != nil {
		return shown{}, err
	}
	list, err := web.Get[web.Repositories](v.Client, "listRepositories", web.Ask{})
	return shown{title: "GitHub", body: githubPage{list, &got}}, err
}
