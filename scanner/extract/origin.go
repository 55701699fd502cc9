package extract

import (
	"net/url"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// publicHosts are the hosts from which the packages of an ecosystem's public registry are served, with the mirrors that
// are open to everybody and hold nothing else.
var publicHosts = map[string][]string{
	"npm":       {"registry.npmjs.org", "registry.yarnpkg.com", "registry.npmjs.com", "registry.npmmirror.com", "registry.npm.taobao.org"},
	"PyPI":      {"pypi.org", "files.pythonhosted.org", "pypi.python.org", "pypi.tuna.tsinghua.edu.cn", "mirrors.aliyun.com"},
	"crates.io": {"crates.io", "index.crates.io", "github.com/rust-lang/crates.io-index"},
	"RubyGems":  {"rubygems.org", "index.rubygems.org"},
	"Hex":       {"hex.pm", "repo.hex.pm"},
	"Pub":       {"pub.dev", "pub.dartlang.org"},
}

// origin tells where an address leads. Schemes and shorthands are those of npm, yarn, pip and cargo.
func origin(ecosystem, address string) tocsin.Origin {
	if address == "" {
		return tocsin.Origin{}
	}
	lower := strings.ToLower(address)
	for _, p := range []string{"file:", "link:", "portal:", "workspace:", "./", "../", "/"} {
		if strings.HasPrefix(lower, p) {
			return tocsin.Origin{Kind: tocsin.OriginLocal, URL: plain(strings.TrimPrefix(address, "file:"))}
		}
	}
	for _, p := range []string{"git+", "git:", "git@", "ssh:", "github:", "gitlab:", "bitbucket:", "gist:"} {
		if strings.HasPrefix(lower, p) {
			return tocsin.Origin{Kind: tocsin.OriginGit, URL: plain(strings.TrimPrefix(address, "git+"))}
		}
	}
	lower = strings.TrimPrefix(strings.TrimPrefix(lower, "registry+"), "sparse+")
	address = address[len(address)-len(lower):]
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return tocsin.Origin{}
	}
	place := strings.ToLower(u.Host)
	switch {
	case slices.Contains(publicHosts[ecosystem], place), slices.Contains(publicHosts[ecosystem], place+strings.TrimSuffix(u.Path, ".git")):
		return tocsin.Origin{Kind: tocsin.OriginRegistry, URL: plain(address)}
	case place == "codeload.github.com", strings.HasSuffix(u.Path, ".git"), strings.Contains(u.Path, "/-/archive/"):
		return tocsin.Origin{Kind: tocsin.OriginGit, URL: plain(address)}
	default:
		return tocsin.Origin{Kind: tocsin.OriginURL, URL: plain(address)}
	}
}

// registry is the origin of a package that an index or registry at address served.
func registry(ecosystem, address string) tocsin.Origin {
	o := origin(ecosystem, address)
	if o.Kind == tocsin.OriginURL || o.Kind == tocsin.OriginGit {
		o.Kind = tocsin.OriginPrivate
	}
	return o
}

// tarball is the origin of an npm package by the address of its archive. All npm registries serve archives under
// "/-/": https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md
func tarball(address string) tocsin.Origin {
	o := origin("npm", address)
	if o.Kind == tocsin.OriginURL && strings.Contains(o.URL, "/-/") || o.Kind == tocsin.OriginURL && strings.Contains(o.URL, "npm.pkg.github.com/download/") {
		o.Kind = tocsin.OriginPrivate
	}
	return o
}

// plain is an address without user info, query and fragment, which may hold secrets.
func plain(address string) string {
	address, _, _ = strings.Cut(address, "#")
	address, _, _ = strings.Cut(address, "?")
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return address
	}
	host, path, slash := strings.Cut(rest, "/")
	host = host[strings.LastIndexByte(host, '@')+1:]
	if slash {
		return scheme + "://" + host + "/" + path
	}
	return scheme + "://" + host
}
