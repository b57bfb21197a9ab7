"""What a search is: what can be searched for, and when two searches may share an answer."""

import random
import unicodedata
from dataclasses import replace
from typing import Any

import pytest

from searchindex.collection import PAYLOAD_SCHEMA, CollectionState
from searchindex.errors import InvalidInput, NotFound
from service.queries import Ask, Search, Stored, Term, Text, Upload, check, identity, named, search_for
from tests.faults.record import scaled

ASK = Ask(top_k=10, offset=0, score_threshold=0.0, filters=None)
STATE = CollectionState(name="images", dim=4, fingerprint="f", points=5, indexed=5, status="green", schema=dict(PAYLOAD_SCHEMA))
PAIRS = scaled(100_000)
WORDS = ("cat", "Cat", "red", "1", "café", "a b", "ab", "", "[", '"', "\\", "null", "😀")


def composed(*terms: Term, **others: Any) -> Search:
    return Search(terms=terms, ask=replace(ASK, **others), composed=True)


# ---- what can be searched for


@pytest.mark.parametrize("search", [search_for(Text("x"), ASK), composed(Term(Text("x"), 0.1), Term(Stored("7"), -1.0))])
def test_what_says_what_to_find_is_let_through(search: Search):
    """One positive term is enough."""
    check(search)


@pytest.mark.parametrize(
    ("search", "said"),
    [
        (search_for(Text(" \n\t "), ASK), "empty"),
        (composed(Term(Text("x")), Term(Text(" "))), "empty"),
        (composed(Term(Text("x"), -1.0), Term(Stored("1"), -0.5)), "negative"),
        (composed(Term(Text("x")), Term(Stored("9" * 19))), "out of range"),
    ],
)
def test_what_cannot_be_searched_for_is_refused(search: Search, said: str):
    """Words that are none, keys that cannot be, and queries that only say what to avoid."""
    with pytest.raises(InvalidInput, match=said):
        check(search)


@pytest.mark.parametrize("kind", [InvalidInput, NotFound])
def test_an_error_names_its_search_where_there_are_several(kind: type[InvalidInput | NotFound]):
    """The message begins with the place, and stays as it is for one search."""
    for label, wanted in (("", "wrong"), ("searches.3", "searches.3: wrong")):
        with pytest.raises(kind) as caught, named(Search(terms=(), ask=ASK, label=label)):
            raise kind("wrong", hint="do")
        assert (caught.value.message, caught.value.hint) == (wanted, "do")


def test_the_pictures_it_names_are_known():
    """Stored terms of either sign, whatever their spelling."""
    assert composed(Term(Stored("007")), Term(Stored("12"), -1.0), Term(Text("3"))).stored() == {7, 12}


# ---- the identity


def search_of(chance: random.Random) -> Search:
    terms = tuple(Term(source_of(chance), weight_of(chance)) for _ in range(chance.randint(1, 8)))
    ask = Ask(
        top_k=chance.randint(1, 100),
        offset=chance.randint(0, 10_000),
        score_threshold=chance.random(),
        filters=filters_of(chance),
        group=chance.choice([None, 0.8, 0.94, 1.0]),
    )
    return Search(terms=terms, ask=ask, composed=len(terms) > 1 or chance.random() < 0.5)


def source_of(chance: random.Random) -> Text | Stored:
    if chance.random() < 0.3:
        return Stored(str(chance.randint(0, 2**63 - 1)))
    return Text(" ".join(chance.choices(WORDS, k=chance.randint(1, 3))))


def weight_of(chance: random.Random) -> float:
    return chance.choice([1.0, -1.0, 0.5, chance.uniform(-1, 1)])


def filters_of(chance: random.Random) -> dict[str, Any]:
    value: Any = chance.choice(["a", "b", ["a"], ["a", "b"], ["b", "a"], {"not": "a"}, {"gte": 1}, {"gte": 1.5}, 1, "1", True])
    return chance.choice([{}, {chance.choice("xyz"): value}, {"and": [{"x": value}]}, {"or": [{"x": value}]}])


def another_source(term: Term, chance: random.Random) -> Term:
    """Other words, another key, a key for the words that spell it, or another Unicode form of the words."""
    match term.source:
        case Stored(key):
            return replace(term, source=chance.choice([Text(key), Stored(str((int(key) + 1) % 2**63))]))
        case Text() as words:
            decomposed = unicodedata.normalize("NFD", words.text)
            return replace(term, source=Text(chance.choice([words.text + "x", "x" + words.text, decomposed])))
        case _:
            raise AssertionError(term)


def in_one_term(search: Search, chance: random.Random) -> Search:
    place = chance.randrange(len(search.terms))
    terms = list(search.terms)
    if chance.random() < 0.5:
        terms[place] = another_source(terms[place], chance)
    else:
        terms[place] = replace(terms[place], weight=chance.choice([-terms[place].weight, terms[place].weight / 2]))
    return replace(search, terms=tuple(terms))


def in_the_terms(search: Search, chance: random.Random) -> Search:
    swapped = (*search.terms[1:], search.terms[0])
    return replace(search, terms=chance.choice([(*search.terms, Term(Text("more"))), search.terms[1:], swapped]))


def in_the_page(search: Search, chance: random.Random) -> Search:
    ask = search.ask
    member, value = chance.choice(
        [
            ("top_k", ask.top_k + 1),
            ("offset", ask.offset + 1),
            ("score_threshold", ask.score_threshold / 2),
            ("filters", filters_of(chance)),
            ("group", 0.9 if ask.group is None else None),
            ("group", 0.85),
        ]
    )
    return replace(search, ask=replace(ask, **{member: value}))


def in_the_state(state: CollectionState, chance: random.Random) -> CollectionState:
    member, value = chance.choice([("name", state.name + "2"), ("fingerprint", "g"), ("points", state.points + 1)])
    return replace(state, **{member: value})


def facts(search: Search) -> Any:
    """What an answer depends on, without the code that is tested: white space says nothing, and no filters are empty filters."""
    terms = [(type(term.source).__name__, getattr(term.source, "text", term.source), term.weight) for term in search.terms]
    return repr((terms, search.composed, search.ask))


@pytest.mark.fault("F-15", cases=PAIRS)
def test_searches_that_differ_in_one_input_have_different_identities():
    """No term, weight, page, filter, group, form, collection, model or number of pictures shares another one's answer."""
    chance = random.Random(15)
    changes = (in_one_term, in_the_terms, in_the_page, lambda search, _: replace(search, composed=not search.composed))
    compared = 0
    while compared < PAIRS:
        search = search_of(chance)
        if chance.random() < 0.2:
            assert identity(search, STATE) != identity(search, in_the_state(STATE, chance))
        else:
            other = chance.choice(changes)(search, chance)
            if facts(other) == facts(search):  # an accent that the words did not have, or the same filters again
                continue
            assert identity(search, STATE) != identity(other, STATE), (search, other)
        compared += 1


def test_white_space_and_spelling_cost_no_hit():
    """What is searched for alike has one answer; only what the answer repeats differs, and that is not kept."""
    pairs = [
        (search_for(Text("red heart"), ASK), search_for(Text("  red \t heart "), ASK)),
        (search_for(Stored("7"), ASK), search_for(Stored("007"), ASK)),
        (search_for(Text("x"), ASK), search_for(Text("x"), replace(ASK, filters={}))),
    ]
    for one, other in pairs:
        assert identity(one, STATE) == identity(other, STATE)
    assert pairs[0][1].head() == {"query": "  red \t heart "}


def test_a_picture_that_was_sent_has_no_identity():
    """Its answer is not kept, also beside other terms."""
    assert identity(search_for(Upload(b"x"), ASK), STATE) is None
    assert identity(composed(Term(Text("x")), Term(Upload(b"x"))), STATE) is None
