"""The items of OpenKIM that are installed: what each says of itself, and what to cite for it."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, Final

from eippot.citations.bibtex import Entry, plain_text, read_bibtex
from eippot.eips.cards import Citation
from eippot.eips.kim import import_kimpy, installed_models, require_models
from eippot.errors import DataError, MissingDependencyError, one_line

logger = logging.getLogger(__name__)

#: ``potential-type`` of forms whose parameters are learnt from DFT data: dunn, hnn and snap in
#: openkim-models 2021.01.28, and what else such forms are called.
MACHINE_LEARNED: Final = frozenset(
    {"ace", "dunn", "gap", "hnn", "mtp", "panna", "polymlp", "snap", "torchml"}
)

_SPECIFICATION: Final = "kimspec.edn"
#: names of models: form, authors, year with a variant, species, KIM code.
_MODEL: Final = re.compile(
    r"(?P<form>\w+?)_(?P<authors>[A-Za-z]+)_(?P<year>\d{4})(?P<variant>\w*?)"
    r"(_(?P<species>[A-Za-z0-9]+))?__M[OS]_"
)
_BARE: Final = re.compile(r"(?<!\\)[%#&]")
_BACKSLASHES: Final = re.compile(r"\\{2,}")
_VERSION: Final = re.compile(r"\s+v\d+$")
_PAPER: Final = re.compile(r"M[OS]_\d+_\d+[a-z]+")


@dataclass(frozen=True)
class KIMItem:
    """A portable model, as its ``kimspec.edn`` describes it.

    Parameters
    ----------
    model
        Complete KIM id.
    title, description
        Words of its authors or maintainers.
    potential_type
        Kind of functional form, e.g. ``eam``.
    species
        Chemical symbols that it supports.
    citation
        The paper to cite first, or where there is none the item itself.
    """

    model: str
    title: str
    description: str
    potential_type: str
    species: frozenset[str]
    citation: Citation

    @property
    def source(self) -> str:
        """Where it comes from, as ``eippot label`` is told."""
        return f"kim:{self.model}"

    @property
    def is_machine_learned(self) -> bool:
        """Whether its form is one that learns from DFT data."""
        return self.potential_type in MACHINE_LEARNED

    def names(self) -> Iterator[str]:
        """Short names for it, the shortest first; the last one is no other item's."""
        parts = _MODEL.match(self.model)
        if not parts:
            yield _as_name(self.model)
            return
        author = re.match(r"[A-Z]*[a-z]*", parts["authors"])
        assert author is not None
        short = f"{author[0]}_{parts['year']}{parts['variant']}"
        form = parts["form"].partition("_")[0]
        for text in (short, f"{short}_{parts['species'] or form}", f"{form}_{short}", self.model):
            yield _as_name(text)


def installed_items() -> list[KIMItem]:
    """Every portable model in the KIM collections that says what it is; examples do not.

    Raises
    ------
    MissingDependencyError
        kimpy, kim-edn, the KIM API or its models are not installed.
    """
    kimpy = import_kimpy()
    portable = str(kimpy.collection_item_type.portableModel)
    names = [name for name, kind in require_models().items() if kind == portable]
    files = ((name, _metadata(kimpy, name)) for name in names)
    items = (_item(name, found) for name, found in files if _SPECIFICATION in found)
    return [item for item in items if item]


def cite_model(model: str) -> list[Entry]:
    """What OpenKIM asks to cite for a model: its papers, the item, its driver, OpenKIM.

    Parameters
    ----------
    model
        Complete KIM id.

    Returns
    -------
    list of Entry
        Papers first; empty where the model is not installed or names nothing.

    Raises
    ------
    MissingDependencyError
        kimpy or the KIM API are not installed.
    DataError
        Its BibTeX cannot be read.
    """
    kimpy = import_kimpy()
    if installed_models().get(model) != str(kimpy.collection_item_type.portableModel):
        return []
    return sorted(_read_kimcite(model, _metadata(kimpy, model)), key=_is_of_openkim)


def _is_of_openkim(entry: Entry) -> bool:
    """Whether an entry is an item or OpenKIM itself, not a paper on the model."""
    return not _PAPER.fullmatch(entry.key)


def _metadata(kimpy: ModuleType, model: str) -> dict[str, str]:
    """Files that tell about a model: name and text."""
    collections = kimpy.collections.create()
    kind = kimpy.collection_item_type.portableModel
    count = collections.cache_list_of_item_metadata_files(kind, model)
    files = map(collections.get_item_metadata_file, range(count))
    return {name: text for name, _, _, is_text, text in files if is_text}


def _item(model: str, files: Mapping[str, str]) -> KIMItem | None:
    """What a model says of itself; None, with a warning, where that cannot be read."""
    try:
        specification = _import_edn().loads(files[_SPECIFICATION])
        return KIMItem(
            model=model,
            title=_VERSION.sub("", plain_text(specification["title"])),
            description=plain_text(specification.get("description", "")),
            potential_type=specification.get("potential-type", ""),
            species=frozenset(specification["species"]),
            citation=_citation(model, specification, files),
        )
    except (ValueError, KeyError, TypeError, DataError) as error:
        logger.warning("%s of %s cannot be read: %s", _SPECIFICATION, model, one_line(error))
        return None


def _import_edn() -> ModuleType:
    try:
        import kim_edn
    except ImportError as error:
        raise MissingDependencyError(
            f"What OpenKIM's models say of themselves is read by kim-edn, which cannot be "
            f"imported ({error}).",
            "Install it with `pip install 'eippot[kim]'`.",
        ) from None
    module: ModuleType = kim_edn
    return module


def _citation(model: str, specification: Mapping[str, Any], files: Mapping[str, str]) -> Citation:
    """The first paper that the item calls primary, else its first, else the item itself."""
    papers: Sequence[Mapping[str, str]] = specification.get("source-citations") or []
    paper = next((paper for paper in papers if "recordprimary" in paper), None) or next(
        iter(papers), None
    )
    if paper is None:
        paper = _item_itself(model, specification, files)
    return Citation(
        authors=_plain_authors(paper.get("author", "")),
        title=plain_text(paper.get("title", "")),
        journal=plain_text(paper.get("journal", paper.get("booktitle", ""))),
        volume=plain_text(paper.get("volume", "")),
        pages=re.sub(r"\s*[-–]+\s*", "-", plain_text(paper.get("pages", ""))),
        year=int(plain_text(paper["year"])),
        doi=plain_text(paper.get("doi", "")),
    )


def _item_itself(
    model: str, specification: Mapping[str, Any], files: Mapping[str, str]
) -> dict[str, str]:
    """The item as OpenKIM publishes it, in the form of a paper."""
    entries = _read_kimcite(model, files)
    authors = [entry.fields.get("author", "") for entry in entries if entry.key in model]
    return {
        "author": next(iter(authors), ""),
        "title": specification["title"],
        "journal": "OpenKIM",
        "year": specification["publication-year"],
        "doi": specification.get("doi", ""),
    }


def _read_kimcite(model: str, files: Mapping[str, str]) -> list[Entry]:
    """BibTeX of an item; files of its older versions may lie beside it."""
    name = f"kimcite-{model.rpartition('__')[2]}.bib"
    entries = read_bibtex(files.get(name, ""), f"{name} of {model}")
    return [replace(entry, fields=_mended(entry.fields)) for entry in entries]


def _mended(fields: Mapping[str, str]) -> dict[str, str]:
    """As LaTeX wants them: special letters escaped, once; without abstracts and empty fields."""
    return {
        name: _BARE.sub(r"\\\g<0>", _BACKSLASHES.sub(r"\\", value))
        for name, value in fields.items()
        if value and name != "abstract"
    }


def _plain_authors(names: str) -> str:
    """BibTeX's ``Family, Given and Family, Given`` as ``Given Family, Given Family``."""
    people = [name.split(", ") for name in plain_text(names).split(" and ")]
    return ", ".join(" ".join([*person[1:], person[0]]).strip() for person in people)


def _as_name(text: str) -> str:
    """Text as the short name of an EIP."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
