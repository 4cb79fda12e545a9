#!/bin/sh
# Runs once in the container of PostgreSQL, when its volume is empty: makes the database, and an
# account that owns it and nothing else.
set -eu
psql --quiet --set=ON_ERROR_STOP=1 --set=password="$POSTGRES_PASSWORD" --username=postgres <<'SQL'
CREATE ROLE sendoff LOGIN PASSWORD :'password';
CREATE DATABASE sendoff OWNER sendoff;
REVOKE ALL ON DATABASE sendoff, postgres, template1 FROM PUBLIC;
ALTER ROLE postgres PASSWORD NULL;
SQL
