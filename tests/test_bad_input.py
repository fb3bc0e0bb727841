"""What can't be used is refused in one line that says what would work, and leaves nothing behind.

Each row is another cause, through the real command line.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from realnet_hw import project
from realnet_hw.cli import main
from tests.network import bad_files

# Words of a command, and what its message must say besides "realnet: ".
REFUSED: list[tuple[str, str]] = [
    # --------------------------------------------------------------------- a network's file itself
    ("new it --network absent.json", "No such file"),
    ("new it --network folder", r"no network format.*\.onnx"),
    ("new it --network folder.json", "not a file"),
    ("new it --network good", r"no ending is no network format.*\.safetensors, \.onnx, \.pt"),
    ("new it --network good.h5", r"\.h5 is no network format.*\.onnx"),
    ("new it --network huge.json", "5 MB is more .*up to 4 MB.*smaller network"),
    # -------------------------------------------------------------------------------- JSON networks
    ("new it --network empty.json", r"network\.md"),
    ("new it --network cut.json", r"network\.md"),
    ("new it --network list.json", "Expected `object`.*network.md"),
    ("new it --network misspelt.json", "unknown field `layrs`.*network.md"),
    ("new it --network escape.json", "unknown field `\ufffd\\[2J`.*network.md"),
    ("new it --network version.json", "Invalid enum value 2 .*version.*allowed: 1"),
    ("new it --network tanh.json", r"'tanh' .*activation.*relu, linear, threshold"),
    ("new it --network nan.json", r"network\.md"),
    ("new it --network infinite.json", r"out of range.*network\.md"),
    ("new it --network enormous.json", "layer 2 .*up to 1e\\+09.*smaller learning rate"),
    ("new it --network ragged.json", r"layer 1 has 2 rows of \[1, 2\].*rows of 2 weights"),
    ("new it --network narrow.json", r"layer 1 has 1 rows of \[3\].*rows of 2 weights"),
    ("new it --network biases.json", "2 biases.*as many biases as rows"),
    ("new it --network outputs.json", "1 wide but 2 outputs.*a name for each"),
    ("new it --network nothing.json", "0 layers.*at least one input and output"),
    ("new it --network twins.json", "the same name.*all different"),
    ("new it --network name.json", r"'\+5V' is no name.*a letter, then"),
    ("new it --network ground.json", "GND.*another name"),
    ("new it --network many.json", "12060 weights.*up to 10000.*smaller network"),
    ("new it --network deep.json", r"recursion depth.*network\.md"),
    ("new it --network latin.json", r"network\.md"),
    ("new it --network bomb.json", r"network\.md"),
    # ------------------------------------------------------------- networks that no circuit can be
    ("new it --network inputs24.json", "24 inputs.*up to 16"),
    ("new it --network straight.json", "layer 1 is linear.*relu"),
    ("new it --network threshold.json --technology balanced_summer", "1 is threshold.*relu"),
    ("new it --network straight.json --technology timer_555", "layer 1 is linear.*threshold"),
    ("new it --network steep.json", "allowed.*weight decay"),
    ("new it --network undecided.json", "Y: .*allowed"),
    # ---------------------------------------------------------------------------------- safetensors
    ("new it --network conv.safetensors", r"'c\.weight'.*convolution.*linear layers"),
    ("new it --network batchnorm.safetensors", "batch normalisation.*torch.onnx.export"),
    ("new it --network order.safetensors", "hidden, out and as out, hidden.*layer1, layer2"),
    ("new it --network chain.safetensors", "l1 2 to 4, l2 3 to 1.*takes what the one before"),
    ("new it --network ints.safetensors", "int8.*floating point.*before it is quantised"),
    ("new it --network nan.safetensors", "layer 1 .*not finite.*smaller learning rate"),
    ("new it --network bfloat.safetensors", r"BF16.*F16, F32, F64.*model\.float\(\)"),
    ("new it --network lie.safetensors", r"not a safetensors file.*save_file"),
    ("new it --network cut.safetensors", r"not a safetensors file.*save_file"),
    ("new it --network bomb.safetensors", r"not a safetensors file.*save_file"),
    # ----------------------------------------------------------------------------------------- ONNX
    ("new it --network conv.onnx", r"Conv .*ReLU.*fully connected layers \(torch\.nn\.Linear\)"),
    ("new it --network sigmoid.onnx", "Sigmoid .*train with ReLU"),
    ("new it --network leaky.onnx", "LeakyRelu .*train with ReLU"),
    ("new it --network exported_tanh.onnx", "Tanh .*train with ReLU"),
    ("new it --network softmax.onnx", "Softmax .*without it: --answer largest"),
    ("new it --network argmax.onnx", "ArgMax .*without it: --answer largest"),
    ("new it --network relu6.onnx", r"Clip limits a signal to 0 \.\.\. 6.*network\.md"),
    ("new it --network lstm.onnx", "LSTM .*fully connected"),
    ("new it --network layernorm.onnx", "LayerNormalization .*fully connected"),
    ("new it --network quantised.onnx", "DequantizeLinear .*before it is quantised"),
    ("new it --network dynamic.onnx", "MatMul .*weights that depend on the inputs.*linear layers"),
    ("new it --network skip.onnx", "Add .*skip connection.*one after the other"),
    ("new it --network branches.onnx", "Relu .*second branch.*one after the other"),
    ("new it --network training.onnx", "Dropout is in training mode.*one after the other"),
    ("new it --network mixed.onnx", "Reshape .*different examples.*one after the other"),
    (
        "new it --network shape.onnx",
        "Gemm has weights for 3 features where 2 come.*one after the other",
    ),
    ("new it --network cycle.onnx", "'q' before it is made: a cycle.*from the input"),
    ("new it --network twice.onnx", "'h' is made twice.*once"),
    ("new it --network unmade.onnx", "'nothing' before it is made.*from the input"),
    ("new it --network apart.onnx", "does not depend on its input.*a chain"),
    ("new it --network two.onnx", "2 input tensors.*one of each"),
    ("new it --network own.onnx", "Gemm is no operator of ONNX itself.*one after the other"),
    ("new it --network elsewhere.onnx", r"'\.\./weights\.bin'.*same folder.*external_data=False"),
    ("new it --network whole.onnx", "int64.*floating point"),
    ("new it --network any_width.onnx", r"shape \(\?, \?\).*number of features fixed"),
    ("new it --network old.onnx", "opset 6.*7 to "),
    ("new it --network doubles.onnx", "complex64.*float32"),
    ("new it --network nan.onnx", "not finite.*smaller learning rate"),
    ("new it --network cut.onnx", "not an ONNX file.*torch.onnx.export"),
    ("new it --network empty.onnx", r"allowed.*torch\.onnx\.export"),
    ("new it --network text.onnx", "not an ONNX file.*torch.onnx.export"),
    ("new it --network bomb.onnx", "not an ONNX file.*torch.onnx.export"),
    # -------------------------------------------------------------------------------------- PyTorch
    ("new it --network bomb.pt", r"more than tensors.*nothing of it was run.*state_dict\(\)"),
    ("new it --network bomb_inside.pth", r"more than tensors.*torch\.save\(model\.state_dict"),
    ("new it --network bare_bomb.pt", r"torch\.save\(model\.state_dict"),
    ("new it --network old_bomb.pt", r"torch\.save\(model\.state_dict"),
    ("new it --network model.pt", r"torch\.nn\.modules.*torch\.save\(model\.state_dict"),
    ("new it --network script.pt", "TorchScript.*torch.onnx.export"),
    ("new it --network zip_bomb.pt", r"unpacks to more.*torch\.save\(model\.state_dict"),
    ("new it --network text.pt", r"torch\.save\(model\.state_dict"),
    ("new it --network optimiser.pt", r"'net' is an OrderedDict.*tensors"),
    ("new it --network list.pt", r"a list.*a state_dict"),
    ("new it --network lstm.pt", "recurrent layer.*linear layers"),
    ("new it --network attention.pt", "attention layer.*linear layers"),
    ("new it --network expanded.pt", "1000000000000 weights.*smaller network"),
    # ---------------------------------------------------------------------- what else `new` is told
    ("new It --network good.json", "'It' is no board name.*a letter a-z"),
    ("new ../it --network good.json", "no board name.*a letter a-z"),
    (
        "new taken --network good.json",
        "taken already.*another name, or delete boards/taken",
    ),
    ("new xor_opamp --network good.json", "a board xor_opamp already.*another name"),
    ("new it --network good.json --technology relays", "no technology 'relays'.*inverting_summer"),
    ("new it --network good.json --title two\nlines", "one line of printable"),
    ("new it --network good.json --title ${x}", r"without \$\{"),
    (f"new it --network good.json --title {'long' * 30}", "120 letters.*up to 80"),
    ("new it --network good.json --answer median", "level.*value.*largest"),
    ("new it --network good.json --inputs digital", "bits.*analogue"),
    ("new it --network good.json --answer largest", "largest of one.*level or value"),
    ("new it --network good.json --input-range 1", r"LOW,HIGH"),
    ("new it --network good.json --input-range 1,0", "from 1 to 0.*LOW below HIGH"),
    ("new it --network good.json --input-range nan,1", "LOW below HIGH"),
    ("new it --network good.json --points absent.csv", "No such file"),
    ("new it --network good.json --points header.csv", r"header\.csv:1: columns X1, light.*X1, X2"),
    ("new it --network good.json --points word.csv", r"word\.csv:3: 'dark'.*0 to 1"),
    ("new it --network good.json --points short.csv", r"short\.csv:2: 1 values.*2: X1, X2"),
    ("new it --network good.json --points spaces.csv", r"spaces\.csv:1: .*commas.*delimiter=','"),
    ("new it --network good.json --points semicolons.csv", r"csv:2: '0;1'.*delimiter=','"),
    ("new it --network good.json --points outside.csv", r"outside\.csv:2: '2'.*--input-range"),
    ("new it --network good.json --points not_a_number.csv", r":1: 'nan'.*0 to 1"),
    ("new it --network good.json --points between.csv", r"\(0\.0, 0\.5\).*--inputs analogue"),
    ("new it --network good.json --points same.csv", r"same\.csv:3: .*line 1.*once"),
    ("new it --network good.json --points empty.csv", "0 points.*1 to 1000"),
    ("new it --network good.json --points binary.csv", "not a table.*CSV"),
    ("new it --network good.json --points long.csv", "1001 points.*1 to 1000"),
    ("new it", "--network"),
    # -------------------------------------------------------------------------- boards and programs
    ("build no_such_board", "no board 'no_such_board'.*xor_opamp"),
    ("predict folder", "no board 'folder'.*xor_opamp"),
    ("predict raises.py", r"raises\.py:1: RuntimeError: no"),
    ("predict divides.py", r"divides\.py:2: ZeroDivisionError"),
    ("predict leaves.py", r"leaves\.py:2: SystemExit"),
    ("predict nothing.py", r"no function `board`; define board\(\)"),
    ("predict number.py", r"board\(\) returned a int"),
    ("predict syntax.py", r"syntax\.py:1: SyntaxError"),
    # ------------------------------------------------------------------------- commands and options
    ("bulid", "See realnet --help"),
    ("predict xor_opamp --smaples 3", "--smaples.*See realnet predict --help"),
    ("predict xor_opamp --samples many", "many.*See realnet predict --help"),
    ("predict xor_opamp --samples 0", "0 samples.*50 to 1000000"),
    ("predict xor_opamp --engine abacus", "ngspice"),
    ("predict xor_opamp --out folder", "a folder; name another"),
    ("predict xor_opamp --out good.json/x.json", "not a folder; name another"),
    ("build xor_opamp --out good.json", "a file; name another"),
    ("build xor_opamp --out /proc/no", "give another folder with --out|name another"),
    ("demo --out good.json", "a file; name another"),
    # --------------------------------------------------------------------------------- the bench
    ("measure xor_opamp --station absent.toml", "absent.toml"),
    ("measure xor_opamp --station misspelt.toml", "addres"),
    ("measure xor_opamp --station syntax.toml", "syntax.toml"),
    ("measure xor_opamp --station wired.toml", "Q"),
    ("measure xor_opamp --station good.toml --procedure magic", "truth_table"),
    ("bench serve xor_opamp --station nowhere.toml", r"no \[virtual\] table; "),
    ("bench serve xor_opamp --station faulty.toml", "R99"),
    ("bench serve xor_opamp --station good.toml --idle-s -1", "more than 0"),
    ("safe --station nowhere.toml", "no_port"),
    # -------------------------------------------------------------------------------- records
    ("compare absent.json absent.json", "absent.json"),
    ("compare wrong_kind.json wrong_kind.json", "a record that realnet_hw wrote"),
    ("compare newer.json newer.json", "version"),
    ("compare no_record.json no_record.json", "no_record.json"),
    ("compare no_record.json no_record.json --report it.txt", r"a report is HTML; name it \.html"),
]


def _listing(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one's own, with a board, and a folder where a file is expected."""
    taken = tmp_path / "boards" / "taken"
    taken.mkdir(parents=True)
    for name in ("board.py", "network.json"):
        shutil.copy(project.bundle() / "boards" / "xor_opamp" / name, taken)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder.json").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("command", "says"), REFUSED, ids=[row[0][:60] for row in REFUSED])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_refused_in_one_line_that_says_what_would_work(
    command: str, says: str, workplace: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = command.split(" ")
    for name in words:
        bad_files.make(name, workplace)
    before = _listing(workplace)
    capfd.readouterr()
    status = main(words)
    printed = capfd.readouterr()
    assert status == 2, printed
    assert printed.out == ""
    # Work that took a while before it was refused had said that it began.
    lines = [line for line in printed.err.splitlines() if not line.endswith(" ...")]
    assert len(lines) == 1, printed.err
    assert lines[0].startswith("realnet: ")
    assert lines[0].isprintable()
    assert re.search(says, lines[0]), lines[0]
    if words[0] == "new":
        assert re.search(r"\(allowed: |; [a-z]|See realnet new --help", lines[0]), lines[0]
    assert _listing(workplace) == before


def test_every_row_is_another_cause() -> None:
    assert len({command for command, _ in REFUSED}) == len(REFUSED) >= 45
