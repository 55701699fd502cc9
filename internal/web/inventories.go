package web

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// An InventoryRow is an inventory in short.
type InventoryRow = store.InventoryRow

func (c *call) postInventory(ctx context.Context) (answer, error) {
	inv, done, err := c.inventory(ctx)
	if err != nil {
		return answer{}, err
	}
	defer done()
	receipt, err := c.take(ctx, inv)
	if err != nil {
		return answer{}, err
	}
	status := 200
	if receipt.New {
		status = 201
	}
	return answer{status: status, body: receipt}, nil
}

// take keeps an inventory of the project.
func (c *call) take(ctx context.Context, inv tocsin.Inventory) (Receipt, error) {
	b := tocsin.Build{Project: c.project.Slug, At: c.now, Inventory: inv.Digest, Ref: c.query["ref"], URL: c.query["build"], By: c.who.Name}
	if b.URL != "" {
		u, err := url.Parse(b.URL)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
			return Receipt{}, invalid("build", "", "want the address of the build's page, with https:// and without a password")
		}
	}
	if err := c.note(ctx, c.project.Slug, b); err != nil {
		return Receipt{}, err
	}
	receipt, err := c.api.parts.Engine.Take(ctx, c.project.Slug, inv, b)
	if err != nil {
		return receipt, fmt.Errorf("keeping an inventory of %s: %w", c.project.Slug, err)
	}
	return receipt, nil
}

func (c *call) listInventories(ctx context.Context) (answer, error) {
	after, limit, err := c.listing()
	if err != nil {
		return answer{}, err
	}
	var before time.Time
	if after != "" {
		if before, err = time.Parse(time.RFC3339Nano, after); err != nil {
			return answer{}, fmt.Errorf("reading our own cursor: %w", err)
		}
	}
	rows, err := c.api.store.InventoryRows(ctx, c.project.Slug, before, limit+1)
	if err != nil {
		return answer{}, err
	}
	return answer{body: paged(c, rows, limit, func(r store.InventoryRow) string { return r.TakenAt.Format(time.RFC3339Nano) })}, nil
}

func (c *call) newestInventory(ctx context.Context) (answer, error) {
	inv, err := c.api.store.Newest(ctx, c.project.Slug)
	if err != nil {
		return answer{}, err
	}
	return answer{body: inv}, nil
}
