"""The frame around what is said of a subject, in English and in Chinese.

The sentences of the ledger are in both; the names of the claims, and numbers, are in English.
"""

KINDS = {"law": "定律", "contract": "契约", "statistic": "统计", "experiment": "实验"}
VERDICTS = {"holds": "成立", "holds when": "有条件成立", "fails as stated": "原话不成立"}
CHINESE = {
    **KINDS,
    **VERDICTS,
    "claim": "编号",
    "sentence": "论断",
    "kind": "类别",
    "verdict": "结论",
    "The ledger": "账本",
    "claims": "条论断",
    "1 claim refuses it": "1 条论断不通过",
    "{broken} of {all} claims refuse it": "{all} 条论断中有 {broken} 条不通过",
    "all {all} claims hold": "{all} 条论断全部通过",
    "1 claim holds": "1 条论断通过",
    "{count} claims hold": "{count} 条论断通过",
    "{count} not asked": "{count} 条未检验",
    "and {count} more": "另有 {count} 条",
    "also refused, probably for the same reason: {names}": (
        "很可能出于同一原因而不通过的还有：{names}"
    ),
    "and for other reasons: {names}": "出于其他原因而不通过的还有：{names}",
    "within its limits: {words}": "在其限制之内：{words}",
    "h: hint, d: diagnosis, n: what is next, l: list all claims, q: quit": (
        "h：提示，d：诊断，n：接下来读什么，l：列出全部论断，q：退出"
    ),
    "accepted so far: {count} of {all}": "目前已通过：{all} 个中的 {count} 个",
    "your claims about {name} refuse {refused} of {impostors} impostors": (
        "你关于 {name} 的论断拒绝了 {impostors} 个冒牌实现中的 {refused} 个"
    ),
    "and {wronged} right versions": "以及 {wronged} 个正确的版本",
    "{count} of {all} right versions are accepted": "{all} 个正确版本中有 {count} 个通过",
    "{claim}: wrongly refuses {who}": "{claim}：误判了 {who}",
    "the next to catch is one that does this:": "下一个要识破的冒牌实现会这样：",
    "all impostors are caught": "所有冒牌实现都已识破",
    "the first refused claim": "第一条不通过的论断",
    "now the whole verdict": "以下是完整的结论",
    "nothing is refused": "没有不通过的论断",
    "hint {n} of {all}": "提示 {n} / {all}",
    "our solution": "我们的写法",
    "{count} not asked: needs {what}": "{count} 条未检验：需要{what}",
    " (needs {what})": "（需要{what}）",
    "remark: {what} is refused openly ({error})": "说明：{what} 被明确拒绝（{error}）",
    "remark: in 16 bits it rounds at every step: {error}": "说明：16 位时每一步都舍入：{error}",
    "remark: it leaves its work to {what}": "说明：实际工作由 {what} 完成",
    "remark: it is known that {what} is refused": "说明：已知 {what} 不通过",
    "behaves like a known mistake: {fault} (in {alike} of {all} claims the same numbers)": (
        "表现如同一种已知的错误：{fault}（{all} 条论断中有 {alike} 条得到同样的数）"
    ),
    "what is wrong: {said}": "哪里不对：{said}",
    "may be a known mistake: {fault} (in {alike} of {all} claims the same numbers)": (
        "可能是一种已知的错误：{fault}（{all} 条论断中有 {alike} 条得到同样的数）"
    ),
    "different convention: it {says}, as {who}; --convention {name} accepts it": (
        "另一种约定：{says}（{who}）；用 --convention {name} 可以接受"
    ),
    "who makes it may think: {thought}": "犯这个错误的人也许这样想：“{thought}”",
    "cannot be judged": "无法检验",
    "nothing was judged": "什么也没有检验",
    "not judged to the end": "没有检验完",
    "the run ended before all was asked about {what}": "运行在检验完 {what} 之前就结束了",
    "{subject} has {own!r}, which is not judged: did you mean {near!r}?": (
        "{subject} 里有 {own!r}，它不会被检验：是不是想写 {near!r}？"
    ),
    "the end of {chapter}": "{chapter} 一章到此结束",
    "the impostors of {component}; which is given as a second argument:": (
        "{component} 的冒牌实现；要看哪一个，写作第二个参数："
    ),
    "What is wrong with it? --answer says it.": "它错在哪里？加上 --answer 看答案。",
    "{file} has one claim, and waits for yours; then:": "{file} 里有一条论断，其余由你来写；然后：",
    "{file} is yours to fill in; then: sums-to-one judge {file}": (
        "{file} 等你来填写；然后：sums-to-one judge {file}"
    ),
    "or, to be told at every save: sums-to-one watch {folder}": (
        "或者每次保存都立即得到结论：sums-to-one watch {folder}"
    ),
    """
what next
  read            concepts/activations/sigmoid.py, whose last line leads on
  break           concepts/activations/softmax.py, then run
                  uv run pytest tests/activations/test_softmax.py
  write your own  uv run sums-to-one exercise softmax
  judge it        uv run sums-to-one judge my/softmax.py
  look            at the page of the run, summary.html in its folder
  the book        uv run --extra book sums-to-one book""": """
接下来
  读        concepts/activations/sigmoid.py，最后一行指出下一个
  破坏      concepts/activations/softmax.py，然后运行
            uv run pytest tests/activations/test_softmax.py
  自己写    uv run sums-to-one exercise softmax
  检验      uv run sums-to-one judge my/softmax.py
  查看      这次运行的页面，即其文件夹里的 summary.html
  成书      uv run --extra book sums-to-one book""",
}


def in_language(text: str, chinese: bool, **parts: object) -> str:
    """A text of the frame in the language that is asked for, with its parts filled in."""
    return (CHINESE.get(text, text) if chinese else text).format(**parts)
