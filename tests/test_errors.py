"""Errors carry their remedy; no command guesses it from words."""

import pickle

import pytest

from facecrypt import Identity, MediaError
from facecrypt.errors import ALLOW_EDITED, OVERWRITE, AuthenticationError, FacecryptError


def test_a_remedy_is_told_in_the_words_of_python():
    error = MediaError("a.png: already exists", hint=OVERWRITE)
    assert str(error) == "a.png: already exists; overwrite=True replaces it"
    assert error.message == "a.png: already exists"
    assert error.hint.command == "--force replaces it"


def test_without_a_remedy_nothing_is_added():
    assert str(FacecryptError("it broke")) == "it broke"
    assert FacecryptError("x").hint is None


def test_remedies_travel_between_processes():
    error = MediaError("a.png: already exists", hint=OVERWRITE)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.hint) == (str(error), OVERWRITE)
    other = pickle.loads(pickle.dumps(AuthenticationError("edited", hint=ALLOW_EDITED)))
    assert other.hint == ALLOW_EDITED


def test_no_one_is_told_to_replace_a_key(tmp_path):
    Identity.generate().save(tmp_path / "key.txt")
    with pytest.raises(MediaError, match="already exists; give another name") as caught:
        Identity.generate().save(tmp_path / "key.txt")
    assert "force" not in caught.value.hint.command
    assert "overwrite" not in str(caught.value)
