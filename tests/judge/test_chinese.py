"""What is said of a subject in Chinese: no English is left but code, names and numbers."""

import re

import pytest
from rich.cells import cell_len

from sums_to_one.tests.judge import chinese
from sums_to_one.tests.judge.components import COMPONENTS, KNOWN
from sums_to_one.tests.judge.places import places_of

HAN = "[\u4e00-\u9fff]"


@pytest.mark.parametrize("component", KNOWN)
def test_every_claim_has_a_chinese_sentence(component):
    said = {
        place.sentence: chinese.sentence(component, place.sentence)
        for place in places_of(component)
    }
    assert not [english for english, told in said.items() if not re.search(HAN, told)]


@pytest.mark.parametrize("chapter", COMPONENTS)
def test_the_catalogue_of_a_chapter_is_read(chapter):
    assert len(chinese.catalogue(chapter)) > 100


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("  gave [[0.5], [0.5]]", "  返回 [[0.5], [0.5]]"),
        ("each row sums to 1:", "每行之和为 1："),
        ("  came      [0.5, 0.5]", "  得到 [0.5, 0.5]"),
        ("  should be [1, 1]", "  应为 [1, 1]"),
        ("  all that are wrong are half of what they should be", "  凡是不对的，都是应有值的 1/2"),
        ("  came 0.715 at [0, 1], should be 0.587, 0.13 too large",
         "  得到 0.715（在 [0, 1]），应为 0.587，偏大 0.13"),
        ("  came 0.1244, should be -0.1244, the opposite of it",
         "  得到 0.1244，应为 -0.1244，符号相反"),
        ("  3 of 9 numbers are wrong, all sqrt(2) times it",
         "  9 个数中有 3 个不对，都是应有值的 sqrt(2) 倍"),
        ("  came 0.75, should be about 0.5, about 3/2 times it",
         "  得到 0.75，应约为 0.5，约是应有值的 3/2 倍"),
        ("torch.float32 of shape (3,): f(x):", "torch.float32，形状 (3,)：f(x)："),
        ("the loss in torch.bfloat16: came 1, should be 2, half of it",
         "torch.bfloat16 下的损失：得到 1，应为 2，是应有值的 1/2"),
        ("no error came, and there should be ValueError", "没有报错，应当报 ValueError"),
        ("raised IndexError: index 3 is out of range", "报错 IndexError：index 3 is out of range"),
        ("relu(<a tensor of shape (4097, 3), dtype=torch.float64>)",
         "relu(<形状为 (4097, 3), dtype=torch.float64 的张量>)"),
    ],
)  # fmt: skip
def test_what_came_is_told_in_chinese(line, told):
    assert chinese.evidence(line) == told


@pytest.mark.parametrize(
    "line",
    [
        "for gradient in [[0.125], [0.0]]:",
        "    p.grad = torch.tensor(gradient, dtype=p.dtype)",
        "optimizer = SGD([p], lr=0.125, momentum=0.25)",
        "relu(torch.tensor([[-5.763747, 1.6526608, -2.9309313]]))",
        "with torch.no_grad():",
        "",
    ],
)
def test_code_stays_as_it_is(line):
    assert chinese.evidence(line) == line


def test_what_stands_in_braces_is_the_same_in_both_languages():
    for english, told in chinese._words().items():
        asked = [str(n) for n in range(english.count("{}"))]
        assert sorted(re.findall(r"{(\d)}", told)) in ([], asked)
        assert told.count("{}") in (0, len(asked))
        assert told.format(*asked)


def test_the_cases_of_a_claim_are_told_behind_its_sentence():
    said = "the values are those of pytorch (in 2 of 3 cases)"
    assert chinese.sentence("softmax", said) == "值与 PyTorch 的相同（3 种情形中的 2 种）"


@pytest.mark.parametrize("width", [20, 40, 76])
def test_lines_are_as_wide_as_they_may_be_and_begin_with_no_closing_mark(width):
    text = "训练时会记住各批均值和方差的滑动平均（momentum=0.1），最新一批的权重是 momentum；" * 3
    lines = chinese.wrapped(text, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert max(map(cell_len, lines)) <= width
    assert not [line for line in lines if line[0] in chinese.CLOSING]
