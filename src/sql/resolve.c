#include "sql/resolve.h"

#include "sql/casts.h"

static oid_t candidate_type(const struct candidate *c, size_t i)
{
	return c->args[i < c->nargs ? i : c->nargs - 1];
}

static bool accepts_count(const struct candidate *c, size_t ntypes)
{
	return c->is_variadic ? ntypes >= c->nargs : ntypes == c->nargs;
}

static bool is_string(oid_t type)
{
	const struct type *t = type_find(type);

	return t != NULL && t->category == 'S';
}

static char category(oid_t type)
{
	const struct type *t = type_find(type);

	return t != NULL ? t->category : 'X';
}

static bool is_preferred(oid_t type)
{
	const struct type *t = type_find(type);

	return t != NULL && t->is_preferred;
}

static const struct candidate *find_exact(
    const struct candidate *candidates, size_t n, const oid_t *types, size_t ntypes)
{
	for (size_t c = 0; c < n; c++) {
		size_t same = 0;

		if (!accepts_count(&candidates[c], ntypes))
			continue;
		while (same < ntypes && candidate_type(&candidates[c], same) == types[same])
			same++;
		if (same == ntypes)
			return &candidates[c];
	}
	return NULL;
}

/* One unknown operand of an operator is first taken to be of the other's type. */
static const struct candidate *find_exact_operator(
    const struct candidate *candidates, size_t n, const oid_t *types, size_t ntypes)
{
	oid_t same[2];

	if (ntypes != 2 || (types[0] == OID_UNKNOWN) == (types[1] == OID_UNKNOWN))
		return NULL;
	same[0] = same[1] = types[0] == OID_UNKNOWN ? types[1] : types[0];
	return find_exact(candidates, n, same, 2);
}

static bool is_element_class(oid_t declared)
{
	return declared == OID_ANYELEMENT || declared == OID_ANYNONARRAY || declared == OID_ANYARRAY;
}

static bool is_compatible_class(oid_t declared)
{
	return declared == OID_ANYCOMPATIBLE || declared == OID_ANYCOMPATIBLEARRAY ||
	       declared == OID_ANYCOMPATIBLENONARRAY;
}

/* Do the polymorphic arguments agree: one type for anyelement and what anyarray is of, a common one for the compatible kind? */
static bool is_consistent(const struct candidate *c, const oid_t *types, size_t ntypes)
{
	oid_t element = OID_NONE, compatible[RESOLVE_ARGS_MAX];
	size_t ncompatible = 0;

	for (size_t i = 0; i < ntypes; i++) {
		oid_t declared = candidate_type(c, i), type = types[i];
		const struct type *t = type_find(type);

		if (type == OID_UNKNOWN)
			continue;
		if ((declared == OID_ANYARRAY || declared == OID_ANYCOMPATIBLEARRAY) && t != NULL)
			type = t->element;
		if (is_compatible_class(declared))
			compatible[ncompatible++] = type;
		if (!is_element_class(declared))
			continue;
		if (element != OID_NONE && element != type)
			return false;
		element = type;
	}
	return ncompatible < 2 || resolve_common_type(compatible, ncompatible) != OID_NONE;
}

static size_t keep_callable(struct candidate *candidates, size_t n, const oid_t *types, size_t ntypes)
{
	size_t kept = 0;

	for (size_t c = 0; c < n; c++) {
		size_t ok = 0;

		if (!accepts_count(&candidates[c], ntypes))
			continue;
		while (ok < ntypes && cast_is_implicit(types[ok], candidate_type(&candidates[c], ok)))
			ok++;
		if (ok == ntypes && is_consistent(&candidates[c], types, ntypes))
			candidates[kept++] = candidates[c];
	}
	return kept;
}

/* How many arguments match exactly, or (with_preferred) are of a preferred type of the argument's category. */
static size_t count_matches(const struct candidate *c, const oid_t *types, size_t ntypes, bool with_preferred)
{
	size_t matches = 0;

	for (size_t i = 0; i < ntypes; i++) {
		oid_t want = candidate_type(c, i);

		if (types[i] == OID_UNKNOWN)
			continue;
		if (want == types[i] ||
		    (with_preferred && is_preferred(want) && category(want) == category(types[i])))
			matches++;
	}
	return matches;
}

static size_t keep_best(
    struct candidate *candidates, size_t n, const oid_t *types, size_t ntypes, bool with_preferred)
{
	size_t best = 0, kept = 0;

	for (size_t c = 0; c < n; c++) {
		size_t matches = count_matches(&candidates[c], types, ntypes, with_preferred);

		if (matches > best) {
			best = matches;
			kept = 0;
		}
		if (matches == best)
			candidates[kept++] = candidates[c];
	}
	return kept;
}

/* What an unknown argument at `i` is to be: string if any candidate takes one, else the category that all share; 0: no agreement. */
static char agree_on_category(const struct candidate *candidates, size_t n, size_t i, bool *has_preferred)
{
	char agreed = 0;
	bool conflict = false, any_string = false, preferred = false;

	for (size_t c = 0; c < n; c++) {
		oid_t type = candidate_type(&candidates[c], i);
		char cat = category(type);

		if (is_string(type))
			any_string = true;
		if (agreed == 0)
			agreed = cat;
		else if (agreed != cat)
			conflict = true;
	}
	if (any_string)
		agreed = 'S';
	else if (conflict)
		return 0;
	for (size_t c = 0; c < n; c++) {
		oid_t type = candidate_type(&candidates[c], i);

		if (category(type) == agreed && is_preferred(type))
			preferred = true;
	}
	*has_preferred = preferred;
	return agreed;
}

static size_t keep_by_unknowns(struct candidate *candidates, size_t n, const oid_t *types, size_t ntypes)
{
	char agreed[RESOLVE_ARGS_MAX];
	bool preferred[RESOLVE_ARGS_MAX];
	size_t kept = 0;

	for (size_t i = 0; i < ntypes; i++) {
		if (types[i] != OID_UNKNOWN)
			continue;
		agreed[i] = agree_on_category(candidates, n, i, &preferred[i]);
		if (agreed[i] == 0)
			return n;
	}
	for (size_t c = 0; c < n; c++) {
		bool keep = true;

		for (size_t i = 0; i < ntypes && keep; i++) {
			oid_t type = candidate_type(&candidates[c], i);

			if (types[i] == OID_UNKNOWN)
				keep = category(type) == agreed[i] && (!preferred[i] || is_preferred(type));
		}
		if (keep)
			candidates[kept++] = candidates[c];
	}
	return kept > 0 ? kept : n;
}

/* When all known arguments have one type, the unknown ones are taken to have it too. */
static const struct candidate *find_by_known_type(
    struct candidate *candidates, size_t n, const oid_t *types, size_t ntypes)
{
	oid_t known = OID_NONE, assumed[RESOLVE_ARGS_MAX];

	for (size_t i = 0; i < ntypes; i++) {
		if (types[i] == OID_UNKNOWN)
			continue;
		if (known != OID_NONE && known != types[i])
			return NULL;
		known = types[i];
	}
	if (known == OID_NONE)
		return NULL;
	for (size_t i = 0; i < ntypes; i++)
		assumed[i] = known;
	n = keep_callable(candidates, n, assumed, ntypes);
	return n == 1 ? &candidates[0] : NULL;
}

enum resolve_result resolve_candidates(struct candidate *candidates, size_t n, const oid_t *types,
    size_t ntypes, bool is_operator, const struct candidate **chosen)
{
	bool has_unknown = false;

	*chosen = find_exact(candidates, n, types, ntypes);
	if (*chosen == NULL && is_operator)
		*chosen = find_exact_operator(candidates, n, types, ntypes);
	if (*chosen != NULL)
		return RESOLVE_ONE;

	n = keep_callable(candidates, n, types, ntypes);
	if (n == 0)
		return RESOLVE_NONE;
	if (n > 1)
		n = keep_best(candidates, n, types, ntypes, false);
	if (n > 1)
		n = keep_best(candidates, n, types, ntypes, true);
	for (size_t i = 0; i < ntypes; i++)
		has_unknown |= types[i] == OID_UNKNOWN;
	if (n > 1 && has_unknown)
		n = keep_by_unknowns(candidates, n, types, ntypes);
	*chosen = n == 1 ? &candidates[0] : NULL;
	if (*chosen == NULL && has_unknown)
		*chosen = find_by_known_type(candidates, n, types, ntypes);
	return *chosen != NULL ? RESOLVE_ONE : RESOLVE_MANY;
}

oid_t resolve_common_type(const oid_t *types, size_t n)
{
	oid_t common = OID_UNKNOWN;

	for (size_t i = 0; i < n; i++) {
		if (types[i] == common || types[i] == OID_UNKNOWN)
			continue;
		if (common == OID_UNKNOWN) {
			common = types[i];
			continue;
		}
		if (category(types[i]) != category(common))
			return OID_NONE;
		if (!is_preferred(common) && cast_is_implicit(common, types[i]) &&
		    !cast_is_implicit(types[i], common))
			common = types[i];
	}
	if (common == OID_UNKNOWN)
		return OID_TEXT;
	for (size_t i = 0; i < n; i++)
		if (!cast_is_implicit(types[i], common))
			return OID_NONE;
	return common;
}
