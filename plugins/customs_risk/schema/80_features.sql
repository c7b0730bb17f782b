-- the dictionary of features, written by ml.dictionary: what each number means and where it is known from
create table if not exists ml.feature_dictionary (
    "position" integer not null unique,
    feature text primary key,
    feature_group text not null,
    group_en text not null,
    group_zh text not null,
    meaning_en text not null,
    meaning_zh text not null,
    unit text not null,
    direction integer not null check (direction in (-1, 0, 1)),
    source_table text not null,
    known_from_en text not null,
    known_from_zh text not null,
    leak_check_en text not null,
    leak_check_zh text not null
);
