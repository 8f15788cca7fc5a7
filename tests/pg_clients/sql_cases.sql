-- pgbench
create table pgbench_tellers(tid int not null,bid int,tbalance int,filler char(84)) with (fillfactor=100)
create table pgbench_accounts(aid    int not null,bid int,abalance int,filler char(84)) with (fillfactor=100)
create table pgbench_branches(bid int not null,bbalance int,filler char(88)) with (fillfactor=100)
insert into pgbench_tellers(tid,bid,tbalance) values (1, 1, 0)
insert into pgbench_branches(bid,bbalance) values(1,0)
insert into pgbench_accounts(aid,bid,abalance,filler) select aid, (aid - 1) / 100000 + 1, 0, '' from generate_series(1, 200) as aid
vacuum analyze pgbench_branches
alter table pgbench_branches add primary key (bid)
alter table pgbench_tellers add primary key (tid)
alter table pgbench_accounts add primary key (aid)
SELECT abalance FROM pgbench_accounts WHERE aid = 5
UPDATE pgbench_accounts SET abalance = abalance + 17 WHERE aid = 5
UPDATE pgbench_tellers SET tbalance = tbalance + 17 WHERE tid = 1
$ 5 :: SELECT abalance FROM pgbench_accounts WHERE aid = $1;
$ 5 | 6 :: UPDATE pgbench_accounts SET abalance = abalance + $2 WHERE aid = $1;
vacuum pgbench_branches
vacuum
analyze
BEGIN
END
insert into pgbench_accounts(aid) values (1)
alter table pgbench_tellers add foreign key (bid) references pgbench_branches
select count(*) from pgbench_branches

-- joins
create table a(id int primary key, x text, n int)
create table b(id int primary key, a_id int, y text, n numeric)
create table c(x text, z bool)
insert into a values (1,'one',10),(2,'two',20),(3,'three',null),(4,null,40)
insert into b values (1,1,'b1',1.5),(2,1,'b2',2.50),(3,3,'b3',null),(4,null,'b4',0),(5,9,'b5',-1)
insert into c values ('one',true),('two',false),(null,null),('zzz',true)
select * from a join b on a.id = b.a_id order by b.id
select * from a left join b on a.id = b.a_id order by a.id, b.id
select * from a right join b on a.id = b.a_id order by a.id, b.id
select * from a full join b on a.id = b.a_id order by a.id, b.id
select * from a full outer join b using (id) order by id
select * from a natural join b order by 1
select * from a natural left join c order by id
select * from a natural full join c order by x, id
select * from a join c using (x) order by id
select x, a.x, c.x from a full join c using (x) order by 1
select id from a join b on a.id = b.a_id
select a.* from a, b where a.id = b.id
select * from a cross join c order by 1,2,3,4,5 limit 3
select * from a x join a y on x.id = y.id - 1 order by x.id
select a.id, (select count(*) from b where b.a_id = a.id) from a order by 1
select * from (a join b on a.id = b.a_id) order by 1, 4
select * from a join b using (nope)
select * from a join b on a.id = b.nope
select * from a join b on nope.id = b.id
select a.x from a join b on a.id = c.id
select * from nope
select nope from a
select a.nope from a
select nope.x from a
select x from a, c
select * from a join c using (x, id)
select * from b join a on (a.id = b.a_id) left join c on c.x = a.x order by b.id
select * from a left join b on false order by a.id
select a.id from a left join b on a.id=b.a_id where b.id is null order by 1
select * from a join b on true join c on true where 1 = 0
select * from a as t(i, j) order by i
select t.id from a as t(i, j) order by i
select * from a, a
select 1 from a join (select 1 as id) a on true
select * from only a order by 1
select count(*) from a, b, c
select * from a left join b using (id) left join c using (x) order by id
select coalesce(b.y, 'none') from a left join b on b.a_id = a.id order by a.id, b.id
select a.id, b.id from a inner join b on a.id < b.id and a.id + b.id = 5 order by 1
select public.a.x from public.a order by id
select nqlite.public.a.x from nqlite.public.a order by id
select * from nosuch.a

-- group
create table g(k text, v int, f float8, d numeric, b bool)
insert into g values ('a',1,1.5,1.10,true),('a',2,2.5,2.20,false),('b',null,null,null,null),('b',5,0.1,3.333,true),(null,7,7,7,false)
select k, count(*), count(v), sum(v), avg(v), min(v), max(v) from g group by k order by k
select k, sum(f), avg(f), sum(d), avg(d), max(d), min(d) from g group by k order by k
select bool_and(b), bool_or(b), every(b) from g
select k, sum(v) from g group by k having sum(v) > 3 order by k desc
select k, v from g group by k
select k from g where count(*) > 1
select count(count(*)) from g
select k, sum(v) s from g group by 1 order by 2 desc nulls last
select k, sum(v) s from g group by 1 order by s nulls first
select upper(k) u, count(*) from g group by u order by u
select sum(v) filter (where b) from g
select count(distinct k) from g
select string_agg(k, ',' order by k desc) from g
select array_agg(v order by v) from g
select count(*) from g having count(*) > 100
select sum(v), sum(f), avg(v), count(*), max(k), bool_and(b), string_agg(k, ','), array_agg(v) from g where false
select k, sum(v) from g where false group by k
select distinct k from g order by k
select distinct on (k) k, v from g order by k, v
select distinct k, b from g order by 1, 2
select distinct k from g order by v
select sum(k) from g
select avg(k) from g
select sum(b) from g
select min(b) from g
select count(v, k) from g
select count() from g
select sum(distinct v) from g
select sum(v) + 1, -sum(v) from g
select sum(2147483647) from generate_series(1,3)
select sum(9223372036854775807) from generate_series(1,3)
select sum(9223372036854775807::int8) from generate_series(1,3)
select avg(9223372036854775807::int8) from generate_series(1,3)
select sum(v::int2), sum(v::int8), avg(v::int8), sum(v::float4), avg(v::float4) from g
select bit_and(v), bit_or(v) from g
select k, v from g order by k nulls first, v desc
select k, v from g order by k desc, v
select k, v from g order by 2, 1
select k, v from g order by 3
select k, v from g order by 0
select k, v from g order by 'x'
select k as v, v as k from g order by k
select v from g order by v+1 desc limit 2
select v from g order by v limit 2 offset 1
select v from g order by v offset 3
select v from g order by v fetch first 2 rows only
select v from g limit null
select v from g order by v limit -1
select v from g order by v offset -1
select v from g order by v limit 'a'
select v from g order by v limit 1.5
select v from g order by v limit 2+0
select v from g order by v limit (select 1)
select v from g order by v limit v
select v from g limit 0
select v from g limit all
select v, row_number() over (order by v) from g
select v, rank() over (order by k), dense_rank() over (order by k) from g order by v
select v, sum(v) over (order by v rows between unbounded preceding and current row) from g order by v
select v, lag(v) over (order by v), lead(v, 1, -1) over (order by v), first_value(v) over (order by v), last_value(v) over (order by v), nth_value(v, 2) over (order by v) from g order by v
select k, sum(v) over w, count(*) over w, avg(v) over w from g window w as (partition by k order by v) order by k, v
select ntile(2) over (order by v), percent_rank() over (order by v), cume_dist() over (order by v) from g order by v
select sum(count(*)) over () from g group by k
select v from g where row_number() over () > 1
select row_number() from g
select sum(v) over (order by v range between 1 preceding and 1 following) from g order by v
select sum(v) over (order by v groups between 1 preceding and current row) from g order by v
select sum(v) over (order by v rows between unbounded preceding and current row exclude current row) from g order by v
select sum(v) over nosuch from g
select k, count(*) filter (where v > 1) over (partition by k) from g order by k, v

-- ordernull
create table o(id int primary key, v int, t text not null)
insert into o values (1,3,'b'),(2,null,'a'),(3,1,'B'),(4,null,'é'),(5,2,'')
select id from o order by v, id
select id from o order by v desc, id
select id from o order by v nulls first, id
select id from o order by v desc nulls last, id
select id, t from o order by t
select id, t from o order by t desc
select id from o order by v is null, v desc
select id from o order by lower(t), t
select id from o order by t collate "C"
select id from o order by t collate "nope"
select id from o order by t collate "en_US"
select t || 'x' as tx from o order by tx
select t from o union select 'zz' order by t
select id, t from o order by case when v is null then 0 else v end, id
select max(v), min(t), max(t) from o
create index on o (v)
create index o_t on o (t desc nulls last)
select id from o where v > 1 order by v desc
select id from o order by t using >
select v from o order by v for update
select v from o order by v for share nowait
select v from o order by v for update skip locked

-- sub
create table a(id int primary key, x text, n int)
create table b(id int primary key, a_id int, y text)
insert into a values (1,'one',10),(2,'two',20),(3,'three',null)
insert into b values (1,1,'b1'),(2,1,'b2'),(3,3,'b3'),(4,null,'b4')
select (select 1)
select (select x from a where id = 1)
select (select x from a where id = 99)
select (select x from a)
select (select x, n from a where id = 1)
select 1 where exists (select 1 from a)
select 1 where not exists (select 1 from a where false)
select exists (select * from b where a_id is null)
select id from a where id in (select a_id from b) order by 1
select id from a where id not in (select a_id from b) order by 1
select id from a where id not in (select a_id from b where a_id is not null) order by 1
select id from a where (id, x) in (select a_id, 'one' from b) order by 1
select id from a where id = any (select a_id from b) order by 1
select id from a where id > all (select a_id from b where a_id < 2) order by 1
select id from a where id <> all (select a_id from b where a_id is not null) order by 1
select id from a where id = some (select a_id from b) order by 1
select id from a where id = any (array[1,2]) order by 1
select id from a where id = any ('{1,3}') order by 1
select id from a where id <> all ('{1,3}'::int[]) order by 1
$ {1,2} :: select id from a where id = any($1) order by 1
select array(select id from a order by id)
select (1,2) = (1,2), (1,2) < (1,3), (1,null) = (1,2), row(1,2) = row(1,2), (1,2) <> (1,3)
select (1,2) in ((1,2),(3,4))
select (1,2) = (1,2,3)
select (select 1, 2) = (1, 2)
select * from (select 1 as x) 
select * from (select 1 as x) s
select * from (select 1) s
select * from (values (1,'a'),(2,'b')) v
select * from (values (1,'a'),(2,'b')) v(i,t) where i > 1
values (1,'a'),(2,null)
values (1,'a'),(2)
values (1),('a')
values (1),(2.5),(null)
values (1), (2) order by 1 desc limit 1
select column1 from (values (1),(2)) v order by 1
select * from (select id, x from a order by id desc limit 2) s order by id
select a.x, (select max(y) from b where b.a_id = a.id) m from a order by m nulls first
select count(*) from a where n = (select max(n) from a)
select id in (1,2,null) from a order by id
select id not in (1,2,null) from a order by id
select 1 in ('1')
select 1 in ('x')
select 'a' in ('a', null), 'b' in ('a', null)
select a.id from a where exists (select 1 from b where b.a_id = a.id and exists (select 1 from a a2 where a2.id = b.id)) order by 1
select (select count(*) from b where b.a_id = a.id) c, count(*) from a group by 1 order by 1
select * from a where id = (select 1 union select 2)
select x from a union select y from b order by 1
select x from a union all select y from b order by x nulls first
select x from a intersect select 'one'
select x from a except select 'one' order by 1
select x from a except all select 'one' order by 1
select 1 intersect all select 1
select 1 union select 1.5 order by 1
select 1 union select 'a'
select 1 union select '2' order by 1
select 1, 2 union select 1
select null union select 1 order by 1
select null union select null
select 'a' union select null order by 1
(select 1 union select 2) except select 2
select 1 union (select 2 except select 2)
select 1 as a union select 2 as b order by a
select 1 as a union select 2 order by a + 1
(select id from a order by id limit 1) union all (select id from a order by id desc limit 1)
select id from a union all select id from b order by id limit 3 offset 2
with t as (select 1 as x) select * from t
with t(a, b) as (select 1, 2) select * from t
with t(a) as (select 1, 2) select * from t
with t(a,b,c) as (select 1, 2) select * from t
with t as (select 1), t as (select 2) select * from t
with t as materialized (select 1 x) select * from t
with t as not materialized (select 1 x) select * from t
with u as (select id from a), v as (select id + 1 as i from u) select * from v order by 1
with recursive r(n) as (select 1 union all select n + 1 from r where n < 5) select * from r
with recursive r(n) as (values (1) union select n % 3 + 1 from r) select * from r order by 1
with recursive r as (select 1 as n, 'a'::text as t union all select n + 1, t || 'a' from r where n < 4) select * from r order by n
with recursive r(n) as (select 1 union all select n + 1 from r) select * from r limit 3
with recursive r(n) as (select 1) select * from r
with recursive r(n) as (select 1 union all select n + 0.5 from r where n < 3) select * from r
with r(n) as (select 1 union all select n + 1 from r where n < 3) select * from r
with recursive x as (select 1 as i), y as (select i + 1 as j from x) select * from x, y
with t as (select 1 as i) insert into b select i + 100, i, 'w' from t
with t as (select 1 as i) update b set y = 'upd' from t where b.id = t.i returning b.id, b.y
with t as (select 1) select 2
select * from a where id in (select id from a where id in (select id from a where id = 1))
select generate_series(1,3)
select generate_series(1,3), 'x'
select * from generate_series(1,3)
select * from generate_series(1,3) g
select * from generate_series(1,3) g(i) where i > 1
select g, g.g from generate_series(5,1,-2) g
select * from generate_series(1,10,0)
select count(*) from generate_series(1, 100000)
select * from generate_series(1::int8, 2)
select * from unnest(array[1,2,3]) u
select unnest(array['a','b'])
select case when exists (select 1 from a) then 'y' else 'n' end
table a
select all id from a order by 1
select 1 from a where x
select 1 where 1
select 1 where 'true'
select 1 where 'x'
select 1 where null
select id from a where n > 5 = true order by id

-- dml
create table t(id int primary key, a text default 'dflt', b int not null default 7, c numeric(6,2), d timestamp, u int unique)
insert into t values (1)
insert into t(id) values (2),(3)
insert into t values (4,'x',5,1.005,'2020-01-01',1)
insert into t values (4)
insert into t(id,u) values (5,1)
insert into t(id,b) values (6,null)
insert into t(id,nope) values (6,1)
insert into t(id,id) values (6,1)
insert into t(id) values (6,7)
insert into t(id,a) values (6)
insert into t values (6,'a',1,1,'2020-01-01',2,7)
insert into t default values
insert into t(id,a) values (7,default)
insert into t values (8,default,default,default,default,default) returning *
insert into t(id) values (9) returning id, a, b + 1 as b1, upper(a)
insert into t(id) values (10),(11) returning *
insert into t(id) select 20 + g from generate_series(1,3) g returning id
insert into t(id) select id from t where id = 1
insert into t(id, c) values (30, 99999.99)
insert into t(id, c) values (30, 9999.995)
insert into t(id, c) values (30, 'abc')
insert into t(id, c) values ('abc', 1)
insert into t(id, d) values (30, 'nope')
insert into t(id) values (3000000000)
insert into t(id) values ('31')
insert into t(id) values (31.6)
insert into t(id) values (true)
insert into t(id, a) values (33, 5)
insert into t(id, b) values (34, '12 ')
insert into t(id) values (1) on conflict do nothing
insert into t(id) values (1) on conflict (id) do nothing returning id
insert into t(id, a) values (1, 'new') on conflict (id) do update set a = excluded.a
insert into t(id, a) values (1, 'new2') on conflict (id) do update set a = t.a || '/' || excluded.a returning *
insert into t(id, a) values (1, 'x') on conflict (id) do update set a = 'n' where t.id > 5 returning id
insert into t(id, u) values (40, 1) on conflict (u) do update set b = t.b + 1 returning id, b
insert into t(id, a) values (41, 'x') on conflict (a) do nothing
insert into t(id, a) values (41, 'x') on conflict (nope) do nothing
insert into t(id) values (1) on conflict on constraint t_pkey do nothing
insert into t(id) values (1) on conflict do update set a = 'x'
insert into t as tt (id) values (1) on conflict (id) do update set a = tt.a || '!' returning tt.a
insert into t(id) values (1) on conflict (id) do update set nope = 1
insert into t(id) values (1) on conflict (id) do update set (a, b) = ('m', 3) returning a, b
insert into t(id) values (1) on conflict (id) do update set a = default returning a
insert into nope values (1)
update t set a = 'u' where id = 1
update t set a = 'u' where id = 999
update t set a = 'u', b = b + 1 where id in (1, 2) returning id, a, b
update t set a = default, b = default where id = 1 returning a, b
update t set (a, b) = ('m', 5) where id = 1 returning a, b
update t set (a, b) = (select 's', 6) where id = 1 returning a, b
update t set nope = 1
update t set b = null where id = 1
update t set b = 'x' where id = 1
update t set b = 1.5 where id = 1 returning b
update t set b = a where id = 1
update t set a = 5 where id = 1 returning a
update t set id = 2 where id = 1
update t set id = id + 1 where id in (2, 3)
update t as z set a = z.a || 'q' where z.id = 1 returning z.id
update t set t.a = 'x'
update t set a = x.a from t x where x.id = t.id and t.id = 1
update only t set a = 'o' where id = 1
update t set b = 2147483647 where id = 1
update t set b = b + 1 where id = 1
update nope set a = 1
update t set a = 'x' where nope = 1
update t set b = (select max(b) from t) where id = 1 returning b
update t set b = sum(b)
update t set a = 'l' where id = 1 limit 1
delete from t where id = 1
delete from t where id = 1
delete from t where id in (7, 8) returning id, a
delete from t as x where x.id = 10
delete from t where nope
delete from nope
select count(*), sum(b), max(a) from t
truncate t
truncate table t restart identity cascade
insert into t(id) values (1) returning *, id as again
insert into t(id) values (50) returning nope
insert into t(id) values ((select max(id) + 1 from t)) returning id
insert into t(id, a) select g, 'v' || g from generate_series(100, 105) g
insert into t(id, a) values (200, E'a\nb') returning a
update t set a = null where id = 200 returning a is null
select id from t where id >= 100 order by id
insert into t(id) overriding system value values (400)
insert into t(id, c) values (500, 1), (501, 2.345), (502, null), (503, -0.001), (504, 'NaN') returning c
insert into t(id, d) values (510, '2020-02-30')
insert into t(id, d) values (510, 'infinity'), (511, '2020-01-01 10:11:12.123456789'), (512, '2020-01-01T10:11:12+02') returning d

-- keys
create table k(t text primary key)
insert into k values (null)
insert into k values ('')
insert into k values (''), ('a')
select t, length(t) from k order by t
create table k2(a int, b text, primary key (a, b))
insert into k2 values (1, null)
insert into k2 values (1, 'x'), (1, 'y')
insert into k2 values (1, 'x')
insert into k2 values (null, 'x')
create table k3(a int unique, b int)
insert into k3 values (null, 1), (null, 2)
insert into k3 values (1, 1), (1, 2)
create unique index k3_b on k3 (b)
insert into k3 values (5, 1)
create table k4(a int check (a > 0), b int constraint bpos check (b > 0), check (a < b))
insert into k4 values (0, 1)
insert into k4 values (1, 0)
insert into k4 values (3, 2)
insert into k4 values (null, null)
create table p(id int primary key)
create table f(id int references p on delete cascade, x int references p(id) on delete set null)
insert into p values (1), (2)
insert into f values (1, 2)
delete from p where id = 2
select * from f
delete from p where id = 1
select * from f
create table f2(id text references p)
create table f2(id int references p(nope))
create table f2(id int primary key, x int references k3(b))
create table f2(id int primary key, x int references k4(a))
create table s(id serial primary key, v bigserial, w text)
insert into s(w) values ('a'), ('b') returning id, v
insert into s(id) values (2)
insert into s(id) values (10) returning id, v
create table i(id int generated always as identity primary key, x int generated by default as identity)
insert into i default values returning *
insert into i(id) overriding system value values (5) returning *
insert into i(x) values (7) returning *
create table gen(a int, b int generated always as (a * 2) stored)
insert into gen values (2) returning *
insert into gen(a, b) values (2, default) returning b
update gen set a = 5 returning *
insert into def(id) values (1) returning id, a, b, c, d, f, g, h

-- expr
select 1
select 1 as "One", 2 two, 3 as three
select 1+1, 2-3, 4*5, 7/2, 7%3, -7/2, -7%3
select 2147483647 + 1
select -2147483648 - 1
select 2147483648
select -2147483648
select 9223372036854775807 + 1
select 9223372036854775807
select 9223372036854775808
select -9223372036854775808
select -9223372036854775808::int8
select (-9223372036854775808)::int8
select (-9223372036854775808)::int8 / -1
select (-9223372036854775808)::int8 % -1
select abs((-9223372036854775808)::int8)
select -((-9223372036854775808)::int8)
select -((-2147483648)::int)
select (-2147483648)::int / -1
select 32767::int2 + 1::int2
select 32767::int2 * 2::int2
select 32768::int2
select 1::int2 + 1::int4, 1::int4 + 1::int8, 1::int2 + 1::int8
select 1/0
select 1%0
select 1.0/0
select 1/0.0::float8
select 0::float8/0
select 1e308::float8 * 10
select 1e-308::float8 / 1e10
select '1e400'::float8
select 1e400
select 'NaN'::float8, 'Infinity'::float8, '-Infinity'::float8
select 'NaN'::float8 = 'NaN'::float8, 'NaN'::float8 > 1e300
select 'NaN'::numeric, 'Infinity'::numeric
select -0.0, -0.0::float8, 0.0::float8 * -1, '-0'::float8, '-0'::int
select 0.1::float8 + 0.2::float8, 0.1 + 0.2, 1.10, 1.0, 100.00
select 1.5::float4, 3.14159265358979::float4, 1e10::float4, 1e-5::float8, 123456789012345678::float8, 1e15::float8, 1e16::float8
select 10/3.0, 1.0/3, 2.0/3, 10.0/3.00, 1::numeric/7, 100000000000::numeric/3
select 2 ^ -1, (-8) ^ (1.0/3)
select 5 & 3, 5 | 3, 5 # 3, ~5, 1 << 3, -8 >> 1, 1 << 32, 1::int8 << 40
select 5!
select 5 !
select 1 < 2, 1 <= 1, 1 > 2, 1 >= 2, 1 = 1, 1 <> 1, 1 != 2
select 1 = 1.0, 1 = 1::float8, '1' = 1, 1.0 = 1.00
select 'a' = 'a ', 'a'::char(3) = 'a  '::char(5), 'a'::varchar = 'a '
select true and null, false and null, true or null, false or null, not null
select null = null, null is null, null <> 1
select 1 is distinct from null, null is not distinct from null
select true is true, null is unknown, false is not true
select 5 between 1 and 10, 5 not between 1 and 10, 5 between symmetric 10 and 1
select 1 + null, 'a' || null, null || 'a'
select 'a' || 'b', 'a' || 1, 1 || 'a', 1 || 2
select 'a' || true, 'x' || 1.50, 'x' || null::int
select 'a' + 1
select 'a' + 'b'
select '1' + 1, '1' + '1'
select true + 1
select not 1
select -'a'
select 1 and true
select 1 = true
select 'abc' < 'abd', 'a' < 'B', 'Z' < 'a', '' < 'a', 'é' > 'z'
select 'abc' like 'a%', 'abc' like '_b_', 'ABC' ilike 'a%', 'abc' not like 'x%', 'a%b' like 'a\%b', 'a%b' like 'a#%b' escape '#'
select case when 1 = 1 then 'a' else 'b' end, case 2 when 1 then 'x' when 2 then 'y' end, case 3 when 1 then 1 end
select case when true then 1 else 2.5 end, case when false then 'a' else null end
select case when true then 1 else 'a' end
select case when 1 then 2 end
select case when false then 1/0 else 5 end
select coalesce(null, 1, 2), coalesce(null, null), coalesce(null, 'a'), coalesce(1, 2.5)
select coalesce(1, 'x')
select coalesce()
select nullif(1, 1), nullif(1, 2), nullif('a', 'b'), nullif(1, 1.0)
select greatest(1, 2, 3), least(1, null, 3), greatest('a', 'b'), greatest(1, 2.5), greatest(null, null)
select greatest(1, 'a')
select cast('1' as int), '1'::int, int '5', '12'::int8, ' 7 '::int, '+5'::int
select ''::int
select 'abc'::int
select '1.5'::int
select '99999999999'::int
select '99999999999999999999'::int8
select '70000'::int2
select '0x10'::int
select 1.5::int, 2.5::int, -1.5::int, -2.5::int, 2.5::float8::int, 3.5::float8::int
select 1e10::int
select 'NaN'::float8::int
select 1e20::float8::int8
select 3e9::float4::int4
select 1::bool, 0::bool, 2::bool, true::int, false::int
select true::text, false::text, 't'::bool, 'yes'::bool, 'on'::bool, '1'::bool, 'off'::bool, 'n'::bool, ' TRUE '::bool
select 'maybe'::bool
select ''::bool
select 1::int8::bool
select 1.0::bool
select 1::text, 1.50::text, 1.5::float8::text, 'abc'::varchar(2), 'abc'::char(5), 'abc'::char(2), 'abc'::char, 'abc'::"char"
select 'abc'::varchar(2) || 'x', 'ab'::char(5) || 'x', length('ab'::char(5))
select 'abcdef'::name, 'abc'::bpchar
select 'x'::varchar(0)
select 'x'::varchar(-1)
select 1.234::numeric(4,2), 1.235::numeric(4,2), 123.456::numeric(5), '1e3'::numeric, 1e-3::numeric
select 1234.5::numeric(4,2)
select 1::numeric(1001)
select 1::numeric(5,7)
select 123456789012345678901234567890.123456789, 0.000000000000000000001, 1e-20, 1E5
select 1.5e3, .5, 5., 1e3
select 1a
select '2020-13-01'::date
select 'foo'::date
select extract(year from '2020-05-06'::date), date_part('month', '2020-05-06'::timestamp), date_trunc('month', '2020-05-06 10:00'::timestamp)
select 'x'::uuid
select E'\\x00ff'::bytea, '\xDEADBEEF'::bytea, 'abc'::bytea, '\x'::bytea, ''::bytea
select '\xD'::bytea
select '\xZZ'::bytea
select 'a\000b'::bytea, 'a\\b'::bytea, E'a\\001'::bytea
select 1::oid, 4294967295::oid, '5'::oid, -1::oid
select 4294967296::oid
select 'nope'::regtype
select 1::nope
select cast(1 as nope)
select null::int, null::text, null::bool, null
select 'abc'
select array[1,2,3], array['a','b'], '{1,2}'::int[], array[]::int[], array[1,null]
select array[1,2][1], (array[1,2,3])[2:3], array_length(array[1,2],1), 1 = any(array[1,2]), array[1] || 2
select array[]
select array[1,'a']
select '{1,2'::int[]
select 1 collate "C"
select 'a' collate "C" < 'b'
select 'a' collate "nope"
select current_database(), current_catalog, current_schema, current_schema()
select 1 operator(pg_catalog.+) 2
select 1 === 2
select pg_catalog.length('a'), pg_catalog.int4(5)
select nope(1)
select length(1)
select length()
select lower(1)
select nope.length('a')
select substring('hello', 0, 3), substring('hello', -1, 4), substr('hello', 2, 100), substring('hello', 2, -1)
select upper('straße'), lower('ÀÉ'), initcap('hello world'), length('héllo'), char_length('日本'), octet_length('日本'), bit_length('a')
select repeat('ab', 3), repeat('a', -1), reverse('abc'), reverse('日本'), lpad('a', 3), lpad('abc', 2), lpad('a', 5, 'xy'), rpad('a', 3, ''), left('abc', -1), right('abc', -1), left('abc', 2)
select replace('aaa', 'a', 'b'), replace('abc', '', 'x'), translate('abc', 'ab', 'x'), ascii(''), ascii('é'), chr(8364), chr(65)
select chr(0)
select concat('a', null, 1, true, 1.5), concat_ws('-', 'a', null, 'b'), concat(), concat(null)
select split_part('a,b', ',', 0)
select md5('a'), to_hex(255), to_hex(-1), md5('')
select round(2.5), round(3.5), round(-2.5), round(2.5::float8), round(3.5::float8), round(1.2345, 2), round(1234, -2), trunc(1.9), trunc(-1.9), trunc(1.289, 2), ceil(1.1), floor(-1.1), ceiling(1.1::float8)
select mod(1, 0)
select sqrt(-1)
select ln(0)
select ln(-1)
select 'a'::text || 1::numeric, 1::int || 'a'::text
select count(*), count(1), count(null), sum(1), max('a'), min(null)
select max(1), max(1.5), max('a'::varchar), max(null::int), max(true)
select 1 as a, a
select 1 as "a""b", 2 as "", 3 as "A b"
select "x" from (select 1 as x) s
select X from (select 1 as x) s
select "X" from (select 1 as x) s
select 'it''s', 'a''''b', E'it\'s', E'a\tb\n', E'\x41\u0042\U00000043\101', $$dollar 'q'$$, $x$a $$ b$x$
select U&'\0041\+000042', U&'d!0061' uescape '!'
select E'\xff'
select E'\u0000'
select 'a' 'b'
select 'a'
'b'
 1 /* block /* nested */ */ + 1
select 1 /* unterminated
select 'unterminated
select "unterminated
select $$unterminated
select ""
select 1;
select 1; select 2
;
;;select 1;;
select 1 2
select 1,
selec 1
select * from
select 1 from where
select (1
select 1)
select @
select #
select $1
select 1 as select
select 1 select
select 1 as table, 2 as user, 3 value
select N'abc'
select date '2020-01-01', timestamp '2020-01-01 10:00', timestamptz '2020-01-01 10:00+00'
select 1 is json
select 'a' is null, 1 isnull, 1 notnull
select exists(select 1), not exists(select 1 where false)
select (((((((((1)))))))))
select 1 in (1), 1 in (2, 3), 1 not in (2), null in (1), 1 in (null)
select 1 in ()
select (1, 'a') in ((1, 'b'), (1, 'a'))
select true > false, true = 't', true::int + 1
select 'a' = any('{a,b}'), 1 = all(array[1,1])
select least('b', 'a'), greatest(date '2020-01-01', date '2021-01-01')
select lpad('a', 2147483647)
select repeat('a', 2147483647)

-- ddl
create table t1(a int, b text)
create table t1(a int)
create table if not exists t1(a int)
create table t2(a int, a int)
create table t3(a int primary key, b int primary key)
create table t3(a int primary key, primary key (a))
create table t3(a nope)
select * from t3
insert into t3(a, b, c) values ('12345678901', 'x', 'y')
insert into t3(a, b, c) values ('1234567890   ', 'abcd', 'y')
insert into t3(a, b, c) values ('1234567890   ', 'abc ', 'y') returning a, b, c, length(a), length(b)
insert into t3(a, b, c) values ('a', 'abc', 'xy')
insert into t3(a, k) values ('b', 40000)
insert into t3(a, n, o, g, h, j) values ('b', 'yes', '\x01', 1.1, 1.1, 1.1) returning n, o, g, h, j
insert into t3(a, n) values ('b', 5)
insert into t3(a, n) values ('b', 1)
insert into t3(a, e) values ('b', 1.005), ('c', '12345678.999') returning e
insert into t3(a, e) values ('b', 123456789)
insert into t3(a, x, y) values ('d', '{1,2}', array['q','r']) returning x, y
insert into t3(a, z) values ('f', 4294967295) returning z
create table t4 as select 1 as a, 'x'::text as b, 2.5 as c
select * from t4
create table t5 as select * from t4 with no data
select * from t5
create unlogged table ut(a int)
create table public.t8(a int)
create table nosuch.t9(a int)
drop table nope
drop table if exists nope
drop table t1, nope
drop view t3
drop index t3
drop table t3 cascade
create index t1_a on t1(a)
create index t1_a on t1(a)
create index if not exists t1_a on t1(a)
create index on t1(b)
create index on t1(b)
create index t1_x on t1 (nope)
create index concurrently t1_c on t1 (a, b)
create index t1_inc on t1 (a) include (b)
drop index t1_a
drop index t1_a
drop index if exists t1_a
drop index concurrently t1_c
create view v3 as select nope from t1
create view v4 as select 1 as a, 2 as a
drop view if exists v2
drop table v4
insert into v2 values (1)
create view vv as select * from t4
drop view vv
create table c1(id int primary key, v int)
insert into c1 values (1, 10), (2, 20)
alter table c1 add column w text
alter table c1 add column w text
alter table c1 add column if not exists w text
alter table c1 add x int not null
alter table c1 add x int not null default 5
alter table c1 add y int default 1 + 1, add z text default 'q'
select * from c1 order by id
alter table c1 drop column w
alter table c1 drop column w
alter table c1 drop column if exists w
alter table c1 rename column x to xx
alter table c1 rename xx to x2
alter table c1 rename nope to n2
alter table c1 rename x2 to y
alter table c1 rename to c2
select * from c2 order by id
select * from c1
alter table c2 alter column v set default 99
alter table c2 alter v drop default
alter table c2 alter column v set not null
insert into c2(id) values (3)
alter table c2 alter column v drop not null
insert into c2(id) values (3) returning *
alter table c2 alter column v set not null
alter table c2 alter column v type bigint
alter table c2 alter column v type text using v::text || '!'
select * from c2 order by id
alter table c2 alter column z type int
alter table c2 add constraint c2_u unique (v)
alter table c2 add constraint c2_c check (y > 100)
alter table c2 add constraint c2_c check (y > 0)
insert into c2(id, y) values (9, -5)
insert into c2(id, v) values (10, '10!')
alter table c2 drop constraint c2_c
alter table c2 drop constraint c2_c
alter table c2 drop constraint if exists c2_c
alter table c2 drop constraint c2_u
alter table c2 drop constraint c2_pkey
alter table c2 add constraint fk foreign key (id) references t4(a)
alter table c2 set (fillfactor = 70)
alter table c2 nope
alter table if exists nope add x int
alter table c2 drop column id
alter table c2 add column id2 serial
select id2 from c2 order by 1
analyze c2
vacuum full c2
checkpoint
discard all
create table big1 (c1 int)
drop table big1
truncate c2, t4
create table "Quoted"("Col A" int, "select" text, "a""b" int)
insert into "Quoted" values (1, 'x', 2)
select * from "Quoted"
select "Col A", "select", "a""b" from "Quoted"
select q."Col A" from "Quoted" q
select * from quoted
select col from "Quoted"
create table MixedCase(FooBar int)
select foobar, FOOBAR, "foobar" from mixedCASE
select "FooBar" from mixedcase
select "FooBar" from "MixedCase"
create table "order"("group" int, "table" int primary key, "user" text)
insert into "order"("group", "table") values (1, 2) on conflict ("table") do update set "group" = excluded."group" + 1
select "group", "order"."table" from "order" order by "group"
create table order(a int)
create table user(a int)
create table value(key int, name text, type text, index int)
select key, name, type, index from value
select * from abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk
create table "日本"("列" text, "é" int)
insert into "日本" values ('テスト', 1)
select "列", "é" from "日本"
select x.nope from "日本" x
select "日本".nope from "日本"
create table rowid(rowid int, oid int, _rowid_ int)
insert into rowid values (1, 2, 3)
select rowid, oid, _rowid_ from rowid
select rowid from c2
select oid from c2
create table pg_x(a int)
select * from sqlite_master
select * from sqlite_schema
select * from nqlite_meta
create table ttt(a int, constraint ck check (b > 0))
create table ttt(a int default 'x')
create table ttt(a int check (a > (select 1)))
create table ttt(a int unique, b int, unique (a, b), foreign key (b) references t4)
create table ttt(a int) tablespace nope
create table ttt2(a int generated by default as identity (start with 10 increment by 5), b text)
insert into ttt2(b) values ('x'), ('y') returning a
create table ttt4(a int references ttt2)

-- setshow
show server_encoding
show client_encoding
show standard_conforming_strings
show timezone
show time zone
show datestyle
show search_path
show transaction isolation level
show transaction_isolation
show default_transaction_isolation
show application_name
show is_superuser
show session_authorization
show integer_datetimes
show statement_timeout
show lc_collate
show extra_float_digits
show bytea_output
show client_min_messages
show intervalstyle
show default_transaction_read_only
show in_hot_standby
show lock_timeout
show max_identifier_length
show work_mem
show row_security
show block_size
set application_name = 'foo'
show application_name
set application_name to bar
show application_name
set application_name to default
show application_name
reset application_name
set timezone = 'Europe/Berlin'
show timezone
set time zone 'UTC'
show timezone
set datestyle = 'ISO, DMY'
show datestyle
set datestyle = 'nope'
set client_encoding = 'UTF8'
set client_encoding = 'nope'
set statement_timeout = 1000
show statement_timeout
set statement_timeout = '5s'
show statement_timeout
set statement_timeout = '5 parsecs'
set statement_timeout = 'abc'
set statement_timeout = 0
set search_path = public, pg_catalog
show search_path
set search_path to 'public'
show search_path
set search_path = "$user", public
show search_path
set search_path = nope
reset search_path
set extra_float_digits = 3
set bytea_output = 'escape'
select '\x0001ff'::bytea
set bytea_output = hex
set standard_conforming_strings = off
set standard_conforming_strings = on
set nope = 1
set foo.bar = 'baz'
set local application_name = 'x'
set session application_name = 'sess'
show application_name
set transaction isolation level serializable
set session characteristics as transaction isolation level repeatable read
show default_transaction_isolation
show transaction_isolation
set default_transaction_isolation = 'read committed'
set default_transaction_isolation = 'nope'
set client_min_messages = 'nope'
set client_min_messages = warning
set client_min_messages = notice
drop table if exists nope
set role nqlite
set role nope
set session authorization default
reset role
reset all
show application_name
select current_setting('nope')
set enable_seqscan = off
show enable_seqscan
set work_mem = '64MB'
set default_transaction_read_only = on
create table ro(a int)
set default_transaction_read_only = off
set lc_messages = 'C'
set synchronous_commit = off
set idle_in_transaction_session_timeout = 0
set lock_timeout = 0
set row_security = off
set check_function_bodies = false
set xmloption = content
set default_tablespace = ''
set default_table_access_method = heap
set jit = off

-- tx
create table t(id int primary key, v int)
begin
insert into t values (1, 1)
select * from t
commit
begin
insert into t values (2, 2)
rollback
select * from t
begin
insert into t values (1, 1)
insert into t values (5, 5)
commit
select * from t
begin
begin
commit
commit
rollback
abort
end
start transaction isolation level serializable
show transaction_isolation
end
begin isolation level repeatable read read only
insert into t values (3, 3)
rollback
begin read write
savepoint a
insert into t values (3, 3)
savepoint b
insert into t values (4, 4)
rollback to b
select * from t
release a
select * from t
rollback to a
rollback
begin
savepoint a
insert into t values (1, 2)
rollback to savepoint a
insert into t values (7, 7)
release savepoint a
commit
select * from t order by 1
savepoint x
release x
rollback to x
begin
release nope
rollback
begin
rollback to nope
rollback
begin
create table d(a int)
insert into d values (1)
select * from d
rollback
select * from d
begin
create table d(a int)
insert into d values (1), (2)
commit
select * from d
begin
drop table d
select * from d
rollback
select * from d
begin
alter table d add b int default 5
select * from d order by 1
savepoint s
alter table d add c int
insert into d values (9, 9, 9)
rollback to s
select * from d order by 1
commit
select * from d order by 1
begin
truncate d
select count(*) from d
rollback
select count(*) from d
begin
create index di on d(a)
drop index di
commit
insert into t values (20, 20); select * from t order by id; insert into t values (21, 21)
insert into t values (30, 30); insert into t values (1, 1); insert into t values (31, 31)
select id from t order by id
begin; insert into t values (40, 40); commit; insert into t values (41, 41)
insert into t values (42, 42); begin; insert into t values (43, 43); rollback
select id from t order by id
insert into t values (50, 50); rollback; insert into t values (51, 51)
select id from t order by id
insert into t values (60, 60); commit; select nope; 
select id from t order by id
create table m1(a int); insert into m1 values (1); select * from m1; drop table m1
create table m2(a int); insert into m2 values (1); select nope from m2
select * from m2
select 1; select 2; select 1/0; select 3
begin; select 1; select 1/0; select 2
commit
set transaction isolation level serializable
begin; set transaction isolation level serializable; show transaction_isolation; commit
begin; set local application_name = 'loc'; show application_name; commit
show application_name
begin; set application_name = 'rb'; rollback
show application_name
begin; set application_name = 'cm'; commit
show application_name
begin; update t set v = v + 1 where id = 1; update t set v = v + 1 where id = 1; select v from t where id = 1; commit
select v from t where id = 1
begin; select v from t where id = 1 for update; update t set v = 100 where id = 1 returning v; commit
begin; insert into t values (70, 1) returning *; delete from t where id = 70 returning *; commit
begin; insert into t values (80, 1); rollback to a; commit

-- prepare
create table t(id int primary key, a text, b numeric)
prepare p1 as select $1::int + 1
execute p1(5)
execute p1('6')
execute p1()
execute p1(1, 2)
prepare p1 as select 1
prepare p2(int, text) as insert into t values ($1, $2) returning *
execute p2(1, 'a')
execute p2(1, 'a')
execute p2(2, null)
deallocate p2
execute p2(1, 'a')
deallocate p2
deallocate all
execute p1(1)
prepare p3 as select * from t where id = $1
execute p3(1)
alter table t add c int
execute p3(1)
prepare p4(nope) as select 1
prepare p5 as selec 1
prepare p7(int) as select $2
prepare p8 as select $1
execute p8('x')
prepare p9 as create table x(a int)

-- params
create table t(a int2, b int4, c int8, d float4, e float8, f text, g varchar(5), h bytea, i oid, j numeric, k bool, l name, m timestamp, n date, o char(4))
$ 1 | 2 | 3 | 4.5 | 5.5 | txt | vc | \x01 | 7 | 8.50 | t | nm | 2020-01-01 10:00 | 2020-01-02 | ch :: insert into t values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15) returning *
$ NULL | NULL | NULL | NULL | NULL | NULL | NULL | NULL | NULL | NULL | NULL | NULL | NULL | NULL | NULL :: insert into t values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15) returning *
$ 40000 :: insert into t(a) values ($1)
$ abc :: insert into t(b) values ($1)
$ toolong :: insert into t(g) values ($1)
$ zz :: insert into t(h) values ($1)
$ maybe :: insert into t(k) values ($1)
$ 1 :: select $1
$ 1 :: select $1::int
$ 1 | 2 :: select $1::int + $2
$ 1 :: select $1 + 1
$ 1.5 :: select $1 + 1
$ 1.5 :: select $1 + 1.0
$ 1 | 2 :: select $1 + $2
$ a | b :: select $1 || $2
$ a :: select $1 || 'x'
$ 5 :: select * from t where a = $1
$ x :: select * from t where f = $1
$ 1 :: select b from t where b = $1 and b = $1
$ 1 | 2 :: select b from t where b in ($1, $2)
$ 1 | 1 :: select b from t order by b limit $1 offset $2
$ x :: select $1 from t limit 1
$ 1 :: select case when $1 then 1 end
$ t :: select case when $1 then 1 end
$ 1 :: select coalesce($1, 2)
$ 1 :: select nullif($1, 2)
$ a :: select upper($1), length($1)
$ 1 :: select abs($1)
$ 1 :: select $2
$ 1 | 2 | 3 :: select $1::int
$ 1 :: select $1::int, $1::text
$ 1 :: select $1::int, $1::int8
$ 5 | 6 :: update t set b = $1 where b = $2 returning b
$ 5 | 6 :: update t set f = $1, b = $2
$ 2 :: delete from t where b = $1 + 0
$ 2 :: select $1::nope
$ NULL :: select $1::text is null
$ 3 :: select generate_series(1, $1)
$ 1 | x :: select * from (values ($1::int, $2)) v
$ 1 | 2 :: values ($1, $2)
$ a | b :: select $1 = $2
$ x :: select $1 like 'x%'
$ 2020-01-01 :: select m from t where m > $1
$ 2020-01-01 :: select $1::timestamp
$ \x00 :: select $1::bytea
$ -0 :: select $1::float8
$ 9223372036854775807 :: select $1::int8
$ 9223372036854775808 :: select $1::int8
$ 1 :: select $1 from t group by $1
$  :: select $1::text
$ 1 :: select exists(select 1 from t where b = $1)
$ 1 | 2 :: select $1::int between $2 and 3
$ 5 :: insert into t(b) select $1
$ 5 :: insert into t(b) select $1::int returning b
$ 5 :: with x as (select $1::int as v) select v from x
$ x | y :: insert into t(f, g) values ($1, $2), ($2, $1) returning f, g
