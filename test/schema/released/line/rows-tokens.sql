INSERT INTO canonical.tokens (id, hash, role, customer, created_at, revoked, version)
VALUES
('acme-1', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'customer', 'acme',
 '2026-11-20 12:00:00.000', 0, 1),
('acme-1', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'customer', 'acme',
 '2026-11-20 12:00:00.000', 1, 2),
('operator-1', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'operator', '',
 '2026-11-20 12:00:00.000', 0, 1)
