#!/bin/sh
# Run once by PostgreSQL's image, when its volume is new: Prefect keeps a database of its own, because table names collide.
set -eu
psql --set ON_ERROR_STOP=1 --set password="$PREFECT_DATABASE_PASSWORD" --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE prefect LOGIN PASSWORD :'password';
CREATE DATABASE prefect OWNER prefect;
SQL
