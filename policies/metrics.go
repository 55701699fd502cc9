package policies

import (
	"strings"

	gocvss20 "github.com/pandatix/go-cvss/20"
	gocvss30 "github.com/pandatix/go-cvss/30"
	gocvss31 "github.com/pandatix/go-cvss/31"
	gocvss40 "github.com/pandatix/go-cvss/40"
)

// Metrics are those of a CVSS vector of any version, in words that all versions share; "" where the version or the vector
// does not have one. https://www.first.org/cvss/specification-document
type Metrics struct {
	AttackVector     string `cel:"attack_vector" yaml:"attack_vector" enum:"network,adjacent,local,physical,"`
	AttackComplexity string `cel:"attack_complexity" yaml:"attack_complexity" enum:"low,medium,high,"`     // medium: 2.0 only
	Requirements     string `cel:"attack_requirements" yaml:"attack_requirements" enum:"none,present,"`    // 4.0 only
	Privileges       string `cel:"privileges_required" yaml:"privileges_required" enum:"none,low,high,"`   // 2.0: authentication none, single, multiple
	UserInteraction  string `cel:"user_interaction" yaml:"user_interaction" enum:"none,passive,required,"` // required: also what 4.0 calls active
	Confidentiality  string `cel:"confidentiality" yaml:"confidentiality" enum:"none,low,high,"`           // 2.0: none, partial, complete
	Integrity        string `cel:"integrity" yaml:"integrity" enum:"none,low,high,"`
	Availability     string `cel:"availability" yaml:"availability" enum:"none,low,high,"`
	// Beyond says that other systems are harmed too: changed scope in 3.x, any subsequent system impact in 4.0.
	Beyond bool `cel:"beyond" yaml:"beyond"`
	// ExploitMaturity is attacked, or high and functional (3.x), poc, unproven; "" if the vector leaves it open.
	ExploitMaturity string `cel:"exploit_maturity" yaml:"exploit_maturity" enum:"attacked,high,functional,poc,unproven,"`
	Automatable     string `cel:"automatable" yaml:"automatable" enum:"yes,no,"` // 4.0 only
}

// vector is a parsed vector of any version.
type vector interface {
	Get(metric string) (string, error)
}

// metrics splits a vector, and gives its version.
func metrics(s string) (version string, m Metrics) {
	switch {
	case strings.HasPrefix(s, "CVSS:4.0/"):
		if v, err := gocvss40.ParseVector(s); err == nil {
			return "4.0", metrics4(v)
		}
	case strings.HasPrefix(s, "CVSS:3.1/"):
		if v, err := gocvss31.ParseVector(s); err == nil {
			return "3.1", metrics3(v)
		}
	case strings.HasPrefix(s, "CVSS:3.0/"):
		if v, err := gocvss30.ParseVector(s); err == nil {
			return "3.0", metrics3(v)
		}
	default:
		if v, err := gocvss20.ParseVector(s); err == nil {
			return "2.0", metrics2(v)
		}
	}
	return "", Metrics{}
}

// The words of metrics by their letters.
var (
	complexities    = map[string]string{"L": "low", "H": "high"}
	requirements    = map[string]string{"N": "none", "P": "present"}
	interactions4   = map[string]string{"N": "none", "P": "passive", "A": "required"}
	maturities4     = map[string]string{"A": "attacked", "P": "poc", "U": "unproven"}
	automatables    = map[string]string{"N": "no", "Y": "yes"}
	interactions3   = map[string]string{"N": "none", "R": "required"}
	scopes          = map[string]string{"C": "changed"}
	maturities3     = map[string]string{"H": "high", "F": "functional", "P": "poc", "U": "unproven"}
	complexities2   = map[string]string{"L": "low", "M": "medium", "H": "high"}
	authentications = map[string]string{"N": "none", "S": "low", "M": "high"}
	maturities2     = map[string]string{"H": "high", "F": "functional", "POC": "poc", "U": "unproven"}
	attackVectors   = map[string]string{"N": "network", "A": "adjacent", "L": "local", "P": "physical"}
	impacts         = map[string]string{"N": "none", "L": "low", "H": "high"}
	impacts2        = map[string]string{"N": "none", "P": "low", "C": "high"}
)

func metrics4(v vector) Metrics {
	return Metrics{
		AttackVector: attackVector(v), AttackComplexity: word(v, "AC", complexities),
		Requirements: word(v, "AT", requirements), Privileges: word(v, "PR", impacts),
		UserInteraction: word(v, "UI", interactions4),
		Confidentiality: word(v, "VC", impacts), Integrity: word(v, "VI", impacts), Availability: word(v, "VA", impacts),
		Beyond:          word(v, "SC", impacts) != "none" || word(v, "SI", impacts) != "none" || word(v, "SA", impacts) != "none",
		ExploitMaturity: word(v, "E", maturities4),
		Automatable:     word(v, "AU", automatables),
	}
}

func metrics3(v vector) Metrics {
	return Metrics{
		AttackVector: attackVector(v), AttackComplexity: word(v, "AC", complexities),
		Privileges: word(v, "PR", impacts), UserInteraction: word(v, "UI", interactions3),
		Confidentiality: word(v, "C", impacts), Integrity: word(v, "I", impacts), Availability: word(v, "A", impacts),
		Beyond:          word(v, "S", scopes) != "",
		ExploitMaturity: word(v, "E", maturities3),
	}
}

func metrics2(v vector) Metrics {
	return Metrics{
		AttackVector: attackVector(v), AttackComplexity: word(v, "AC", complexities2),
		Privileges:      word(v, "Au", authentications),
		Confidentiality: word(v, "C", impacts2), Integrity: word(v, "I", impacts2), Availability: word(v, "A", impacts2),
		ExploitMaturity: word(v, "E", maturities2),
	}
}

func attackVector(v vector) string {
	return word(v, "AV", attackVectors)
}

// word translates the value of a metric; "" for one that the vector leaves open.
func word(v vector, metric string, words map[string]string) string {
	s, err := v.Get(metric)
	if err != nil {
		return ""
	}
	return words[s]
}

// SSVC are the decision points of CERT/CC's Stakeholder-Specific Vulnerability Categorization that can be told from the
// records, each with where it comes from; "" where nothing tells. The others (exposure, mission and safety impact) are
// facts about the project: a policy says what stands for them. https://certcc.github.io/SSVC/reference/decision_points/
type SSVC struct {
	Exploitation        string `cel:"exploitation" yaml:"exploitation" enum:"none,public poc,active"` // 1.1.0; none: nobody says otherwise
	ExploitationFrom    string `cel:"exploitation_from" yaml:"exploitation_from"`
	Automatable         string `cel:"automatable" yaml:"automatable" enum:"no,yes,"` // 2.0.0
	AutomatableFrom     string `cel:"automatable_from" yaml:"automatable_from"`
	TechnicalImpact     string `cel:"technical_impact" yaml:"technical_impact" enum:"partial,total,"` // 1.0.0
	TechnicalImpactFrom string `cel:"technical_impact_from" yaml:"technical_impact_from"`
}

// exploit is the gravest that the catalogue and the vector say of exploitation.
func exploit(a Advisory) string {
	switch m := a.Metrics.ExploitMaturity; {
	case a.KEV || m == "attacked":
		return "active"
	case m == "high" || m == "functional" || m == "poc":
		return "public poc"
	case m == "unproven":
		return m
	default:
		return "not known"
	}
}

// points derives what SSVC asks. A vector that needs no privileges, no user, no luck and comes over the network describes
// steps that can be automated; one that takes all of confidentiality, integrity and availability is total. Malicious code
// needs nobody to exploit it.
func points(a Advisory) SSVC {
	if a.Kind == "malware" {
		return SSVC{"active", "malicious package", "yes", "malicious package", "total", "malicious package"}
	}
	s := SSVC{Exploitation: "none", ExploitationFrom: "no report of exploitation"}
	switch a.Exploit {
	case "active", "public poc":
		s.Exploitation, s.ExploitationFrom = a.Exploit, "CVSS vector of "+a.ScoredBy
	}
	if a.KEV {
		s.ExploitationFrom = "CISA KEV"
	}
	if a.Version == "" {
		return s
	}
	m, from := a.Metrics, "CVSS vector of "+a.ScoredBy
	s.Automatable, s.AutomatableFrom = m.Automatable, from
	if m.Automatable == "" {
		easy := m.AttackVector == "network" && m.AttackComplexity == "low" && m.Requirements != "present" && m.Privileges == "none"
		s.Automatable = map[bool]string{true: "yes", false: "no"}[easy && (m.UserInteraction == "none" || a.Version == "2.0")]
	}
	total := m.Confidentiality == "high" && m.Integrity == "high" && m.Availability == "high"
	s.TechnicalImpact, s.TechnicalImpactFrom = map[bool]string{true: "total", false: "partial"}[total], from
	return s
}
