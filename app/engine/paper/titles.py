"""How a title is broken into lines: whole words, in the shape of a trapezoid or a diamond, as GB/T 9704-2012 asks.

Whoever wants other lines types them: a title with line ends keeps them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import accumulate
from unicodedata import east_asian_width

#: Letters of 22 pt that fit into the width of the type area, and how many one line takes before there are two.
MOST, ALONE = 20, 18

#: Words often met in titles, which a line end may not tear.
_KNOWN = """
    关于 ×× 农村 现代化 加快 全面 核查 调查 重大 重点 重要 通知 通报 通告 公告 报告 请示 批复 决定 意见 办法
    方案 规定 细则 纪要 函告 复函 印发 转发 下达 调整 成立 召开 开展 加强 进一步 切实 做好 推进 深化 落实 贯彻
    实施 执行 组织 领导 小组 工作 管理 监督 检查 考核 评估 安全 生产 建设 发展 改革 经济 社会 文化 教育 卫生
    环境 保护 资源 能源 交通 农业 工业 服务 信息 公开 系统 平台 数据 技术 创新 人才 干部 职工 人员 任免 职务
    任职 培训 会议 活动 项目 资金 经费 预算 决算 财政 审计 税收 国有 资产 企业 公司 集团 有限 责任 机关 单位
    部门 学校 医院 委员会 人民 政府 办公室 办公厅 党委 党组 中共 全国 全省 全市 全县 年度 季度 上半年 下半年
    春节 国庆 假期 放假 安排 期间 值班 突发 事件 应急 防汛 抗旱 消防 食品 药品 质量 标准 规范 制度 体系 机制
    行动 计划 规划 纲要 目标 任务 分工 责任制 问题 整改 整治 专项 清理 排查 隐患 档案 公文 处理 文件 材料 报送
    上报 申请 批准 同意 表彰 先进 集体 个人 奖励 处分 申报 评选 采购 招标 合同 协议 合作 联合 试点 示范 村镇
    社区 居民 群众 信访 维护 稳定 法治 行政 执法 审批 许可 综合 配套 基础 设施 城市 乡村 振兴 住房 保障 就业
    养老 保险 医疗 救助 扶贫 有关 若干 几个 以及 情况 事项 内容 要求
"""
_WORDS = re.compile("|".join(_KNOWN.split()))
_PLACES = re.compile(r"[×Xx\u4e00-\u9fff]{2}[省市县区州乡镇]")
_CLOSING, _OPENING = "，。、；：）〕》”’！？·", "（〔《“‘"


def width(text: str) -> float:
    """The room a text takes, in letters: Latin ones and digits take half of one."""
    return sum(1.0 if east_asian_width(letter) in "WFA" else 0.5 for letter in text)


@lru_cache(maxsize=256)
def lines(title: str, most: float = MOST) -> tuple[str, ...]:
    """The lines of a title, none wider than `most` letters as far as its words allow."""
    typed = tuple(" ".join(line.split()) for line in title.splitlines() if line.strip())
    if len(typed) > 1 or not typed:
        return typed
    text = typed[0]
    if width(text) <= min(ALONE, most):
        return (text,)
    least = max(2, -int(-width(text) // most))
    tried = [_broken(text, shape, most) for count in (least, least + 1) for shape in _shapes(count)]
    return min(tried, key=lambda found: found[0] + 20 * (len(found[1]) - least))[1]


def _shapes(count: int) -> tuple[tuple[float, ...], ...]:
    """The shares of so many lines: a trapezoid on either base, and a diamond."""
    slope = [1 + 0.25 * (place / (count - 1) - 0.5) * 2 for place in range(count)]
    middle = (count - 1) / 2
    diamond = [1 + 0.2 * (0.5 - abs(place - middle) / max(middle, 1)) * 2 for place in range(count)]
    found = [slope, slope[::-1], *([diamond] if count > 2 else [])]
    return tuple(tuple(part / sum(shape) for part in shape) for shape in found)


def _penalties(text: str) -> list[float]:
    """What a line end before each letter costs."""
    cost = [0.0] * (len(text) + 1)
    for place in range(1, len(text)):
        before, after = text[place - 1], text[place]
        if before.isascii() and after.isascii() and before.isalnum() and after.isalnum():
            cost[place] += 400
        if after in _CLOSING or before in _OPENING:
            cost[place] += 400
        if before.isdigit() and after in "年月日号届次期个%":
            cost[place] += 80
        cost[place] += 60 if after in "的等" else 0
        cost[place] -= 6 if before in "的、，和" or after in "《“" or text.startswith("关于", place) else 0
    for word in _WORDS.finditer(text):
        for place in range(word.start() + 1, word.end()):
            cost[place] += 60
    for place_name in _PLACES.finditer(text):
        for place in range(place_name.start() + 1, place_name.end()):
            cost[place] += 40
    for quoted in re.finditer(r"《[^》]*》|〔[^〕]*〕|“[^”]*”", text):
        for place in range(quoted.start() + 1, quoted.end()):
            cost[place] += 30
    return cost


def _broken(text: str, shares: tuple[float, ...], most: float) -> tuple[float, tuple[str, ...]]:
    """The cheapest lines of that shape, and what they cost."""
    cost, whole = _penalties(text), width(text)
    wide_to = list(accumulate(map(width, text), initial=0.0))
    best: dict[int, tuple[float, tuple[str, ...]]] = {0: (0.0, ())}
    for share, aim in zip(shares, accumulate(shares), strict=True):
        reached: dict[int, tuple[float, tuple[str, ...]]] = {}
        near = [end for end, so_wide in enumerate(wide_to) if abs(so_wide - aim * whole) <= 8]
        for begin, (so_far, found) in best.items():
            for end in near:
                if end <= begin:
                    continue
                line, wide = text[begin:end], wide_to[end] - wide_to[begin]
                price = so_far + cost[end] + (wide - share * whole) ** 2
                price += 1000 * max(0.0, wide - most) + (12 if found and abs(width(found[-1]) - wide) < 1 else 0)
                if end not in reached or price < reached[end][0]:
                    reached[end] = (price, (*found, line.strip()))
        best = reached
    return best.get(len(text), (float("inf"), (text,)))
