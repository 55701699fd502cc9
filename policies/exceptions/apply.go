package exceptions

import (
	"slices"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// Apply gives the findings of a project with the exceptions that hold for them: one that is stated as not affected gets
// that status, one whose risk is accepted stays as it is and says so. Where several hold, the statement that it is not
// affected comes first, then the one that lasts longest. One that has expired, or lasts longer than [Longest] from now,
// does not hold. Malware is never excused: a person who is sure removes it, or reports the record.
func Apply(findings []tocsin.Finding, list []tocsin.Exception, project string, now time.Time) []tocsin.Finding {
	if len(list) == 0 {
		return findings
	}
	out := slices.Clone(findings)
	for i, f := range out {
		if f.Class.Kind == tocsin.KindMalware {
			continue
		}
		var best *tocsin.Exception
		for _, x := range list {
			if covers(x, f, project, now) && (best == nil || stronger(x, *best)) {
				best = &x
			}
		}
		if best == nil {
			continue
		}
		out[i].Exception = best
		if best.Kind == tocsin.ExceptionNotAffected {
			out[i].Status, out[i].Match, out[i].Reason = tocsin.StatusNotAffected, "", best.Justification+": "+best.Reason
		}
	}
	return out
}

func stronger(x, y tocsin.Exception) bool {
	if (x.Kind == tocsin.ExceptionNotAffected) != (y.Kind == tocsin.ExceptionNotAffected) {
		return x.Kind == tocsin.ExceptionNotAffected
	}
	return x.Expires.After(y.Expires)
}

// covers says whether an exception is about a finding and holds now. It holds through its last day.
func covers(x tocsin.Exception, f tocsin.Finding, project string, now time.Time) bool {
	if !now.Before(x.Expires.Add(tocsin.Day)) || x.Expires.Sub(now) > Longest {
		return false
	}
	if x.Project != "" && x.Project != project || !slices.Contains(f.Class.Aliases, x.Class) {
		return false
	}
	ref, err := purl.Parse(x.Package)
	return err == nil && ref.Ecosystem != "" && purl.Base(ref.Ecosystem) == purl.Base(f.Package.Ecosystem) &&
		purl.Key(ref.Ecosystem, ref.Name) == purl.Key(f.Package.Ecosystem, f.Package.Name) &&
		(ref.Version == "" || ref.Version == f.Package.Version)
}
