from __future__ import annotations

from pathlib import Path

from tests.cli.arguments import SHORT, TINY
from tests.cli.conftest import Program
from tests.pipeline import Pipeline


def test_pretrain(eippot: Program, pipeline: Pipeline, tmp_path: Path) -> None:
    run = tmp_path / "pretrained"
    found = eippot("pretrain", "-s", pipeline.labelled, "-o", run, *SHORT, *TINY)
    assert found.code == 0
    assert "EIPs on the DFT scale" in found.out
    assert "twin" in found.out
    assert "Pretrained on 38 structures" in found.out
    assert "Best validation: energy_mae_per_atom" in found.out
    assert f"└─ {run}" in found.out
    assert (run / "model.safetensors").is_file()


def test_options_win_over_the_file(eippot: Program, pipeline: Pipeline, tmp_path: Path) -> None:
    config = tmp_path / "pretrain.yaml"
    config.write_text(
        f"data: {{structures: absent.xyz}}\noutput: {tmp_path / 'file'}\neips: [far, twin]\n"
    )
    run = tmp_path / "option"
    arguments = ("-s", pipeline.labelled, "-o", run, "--set", "eips=[twin]", *SHORT, *TINY)
    found = eippot("pretrain", config, *arguments)
    assert found.code == 0
    assert not (tmp_path / "file").exists()
    assert "eips:\n- twin\n" in (run / "config.yaml").read_text()
    assert "far" not in found.out
