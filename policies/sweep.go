package policies

import (
	"fmt"
	"strconv"

	"github.com/tocsin-dev/tocsin"
)

// Sweep loads a policy once for each value of one of its numbers, in their order, and gives the value that the file has. A name that is not
// a plain number is an [tocsin.ErrInvalid].
func Sweep(name string, data []byte, number string, values []float64) (now float64, list []*Policy, err error) {
	p, err := Load(name, data)
	if err != nil {
		return 0, nil, err
	}
	now, ok := p.Numbers()[number]
	if !ok {
		return 0, nil, fmt.Errorf("%w: %s: %s is not a plain number; \"tocsin policy show\" names those that are", tocsin.ErrInvalid, name, number)
	}
	for _, v := range values {
		// Written so that CEL takes a whole one for a whole one, and a fraction for a fraction.
		p, err := LoadWith(name, data, map[string]string{number: strconv.FormatFloat(v, 'f', -1, 64)})
		if err != nil {
			return 0, nil, err
		}
		list = append(list, p)
	}
	return now, list, nil
}
