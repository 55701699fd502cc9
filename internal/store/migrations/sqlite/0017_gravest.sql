-- +goose Up
-- What stands in the order of how grave it is, as a list of findings is read. The expression is the one of the query.
CREATE INDEX decisions_standing_by_gravity ON decisions (
    (4 * (CASE response WHEN 'emergency' THEN 0 WHEN 'hold' THEN 1 WHEN 'issue' THEN 2 WHEN 'watch' THEN 3 ELSE 4 END) + (CASE gate WHEN 'fail' THEN 0 WHEN 'undecided' THEN 1 WHEN 'warn' THEN 2 ELSE 3 END)),
    project, class, ecosystem, name, version, origin, decided_at
) WHERE ended_at = 0;
