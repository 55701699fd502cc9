package extract

import (
	"cmp"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// completeUV adds the source of each package, and the edges. https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile
func completeUV(_ File, data []byte, r *Result) error {
	lines := split(data)
	for i := range r.Packages {
		p := &r.Packages[i]
		source := value(table(lines, p.Location[0].Line, "[[package]]"), "source = ")
		for _, key := range []string{"editable", "virtual", "directory", "path"} {
			if inline(source, key) != "" {
				p.Origin = tocsin.Origin{Kind: tocsin.OriginLocal, URL: inline(source, key)}
			}
		}
		switch {
		case p.Origin.Kind == tocsin.OriginLocal:
		case inline(source, "git") != "":
			p.Origin = tocsin.Origin{Kind: tocsin.OriginGit, URL: plain(inline(source, "git"))}
		case inline(source, "url") != "":
			p.Origin = origin("PyPI", inline(source, "url"))
		default:
			p.Origin = registry("PyPI", inline(source, "registry"))
		}
	}
	return uvEdges(data, r)
}

// completePoetry adds the source of each package, and the edges; those of PyPI have none.
// https://github.com/python-poetry/poetry-core/blob/main/src/poetry/core/packages/package.py
func completePoetry(f File, data []byte, r *Result) error {
	lines := split(data)
	for i := range r.Packages {
		p := &r.Packages[i]
		body := table(lines, p.Location[0].Line, "[[package]]")
		for j, l := range body {
			if strings.TrimSpace(l) != "[package.source]" {
				continue
			}
			source := body[j:]
			address := value(source, "url = ")
			switch value(source, "type = ") {
			case "git":
				p.Origin = tocsin.Origin{Kind: tocsin.OriginGit, URL: plain(address)}
			case "directory", "file":
				p.Origin = tocsin.Origin{Kind: tocsin.OriginLocal, URL: plain(address)}
			case "url":
				p.Origin = origin("PyPI", address)
			default:
				p.Origin = registry("PyPI", address)
			}
			break
		}
	}
	return poetryEdges(f, data, r)
}

// completePDM adds the source of each package, which stands as a key of its own, the hashes and the edges.
// https://pdm-project.org/en/latest/usage/lockfile/
func completePDM(f File, data []byte, r *Result) error {
	lines := split(data)
	for i := range r.Packages {
		p := &r.Packages[i]
		body := table(lines, p.Location[0].Line, "[[package]]")
		git, address, local := value(body, "git = "), value(body, "url = "), value(body, "path = ")
		switch {
		case git != "":
			p.Origin = tocsin.Origin{Kind: tocsin.OriginGit, URL: plain(git)}
		case address != "":
			p.Origin = origin("PyPI", address)
		case local != "":
			p.Origin = tocsin.Origin{Kind: tocsin.OriginLocal, URL: local}
		}
	}
	return pdmEdges(f, data, r)
}

// completePylock adds the source of each package, the hashes and the edges.
// https://packaging.python.org/en/latest/specifications/pylock-toml/
func completePylock(_ File, data []byte, r *Result) error {
	lines := split(data)
	for i := range r.Packages {
		p := &r.Packages[i]
		body := table(lines, p.Location[0].Line, "[[packages]]")
		vcs, archive, directory := value(body, "vcs = "), value(body, "archive = "), value(body, "directory = ")
		switch {
		case vcs != "":
			p.Origin = tocsin.Origin{Kind: tocsin.OriginGit, URL: plain(cmp.Or(inline(vcs, "url"), inline(vcs, "path")))}
		case directory != "":
			p.Origin = tocsin.Origin{Kind: tocsin.OriginLocal, URL: inline(directory, "path")}
		case archive != "":
			p.Origin = origin("PyPI", inline(archive, "url"))
		default:
			p.Origin = registry("PyPI", value(body, "index = "))
		}
	}
	return pylockEdges(data, r)
}
