package pipeline

import (
	"context"
	"fmt"
)

// Judge takes one source to decisions as [Portfolio.Run] would, and keeps nothing.
func (p Portfolio) Judge(ctx context.Context, src Source) (Scanned, error) {
	now := p.Now()
	list, err := find(ctx, []Source{src}, p.Index, now, p.Progress)
	if err != nil {
		return Scanned{}, fmt.Errorf("judging %s: %w", src.Origin, err)
	}
	if err := p.prepare(ctx, list); err != nil {
		return Scanned{}, err
	}
	was, err := p.census(ctx, list)
	if err != nil {
		return Scanned{}, err
	}
	return p.judge(list, p.Policies, was, now)[0], nil
}
