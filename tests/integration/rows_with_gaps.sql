-- lets raw tables take rows of a small world, which knows fewer columns than a real delivery
do $$
declare statement text;
begin
    for statement in
        select format('alter table raw.%I alter %I drop not null', table_name, column_name)
        from information_schema.columns as columns
        where table_schema = 'raw' and is_nullable = 'NO' and not exists (
            select 1 from information_schema.key_column_usage as keys
            where keys.table_schema = 'raw' and keys.table_name = columns.table_name
                and keys.column_name = columns.column_name
        )
    loop
        execute statement;
    end loop;
end $$;
