"""Words of which volume data make names and titles of their own."""

from __future__ import annotations

import random

_WORDS = """
cities: 昆明 大理 曲靖 玉溪 保山 丽江 普洱 临沧 昭通 楚雄 红河 文山 贵阳 遵义 六盘水 安顺
  毕节 铜仁 成都 绵阳 德阳 宜宾 泸州 乐山 南充 重庆 柳州 桂林 南宁 梧州 长沙 岳阳 衡阳 武汉 宜昌
  荆州 西安 宝鸡 兰州 天水
brands: 兴隆 恒达 永昌 瑞丰 金桥 鸿运 天成 宏远 信诚 嘉禾 长青 华盛 明德 泰和 顺发 祥云 宝源
  丰年 和顺 乐天 安泰 广源 裕民 盛世 锦绣 春晖 远航 新锐 康宁 百川 鼎立 凯旋 聚源 腾飞 旭日 同心
  大唐 万象 开元 致远
trades: 商贸 五金 文具 建材 食品 服饰 电子 家具 农资 百货 物流 印务 医药 茶叶 汽配 广告 酒店
  园艺 纺织 化工
forms: 有限公司 商行 经营部 超市 工作室
tasks: 做好 加强 开展 推进 规范 报送 落实 完善 督促 调整
matters: 防汛值守 安全生产 档案移交 预算执行 食品监管 环境整治 信息公开 干部培训 消防检查 城市绿化
  道路养护 义务教育 医疗保障 住房租赁 粮食储备 森林防火 老旧小区改造 政务服务 招商引资 公共交通 供水供电
  垃圾分类 统计调查 扶贫帮困 文物保护 社区养老 知识产权 电子政务 节能减排 劳动用工
endings: 工作的通知 情况的函 方案的意见 事项的批复 专题会议的通知
places: 东街 西街 南门 北门 河滨路 人民路 新华路 解放路 文化路 建设路 中山路 学府路 工业园
  开发区 火车站 客运站 菜市场 体育馆 图书馆 中心小学
calls: 路灯不亮 供水中断 噪音扰民 垃圾未清 道路破损 办证咨询 公交晚点 停车收费 井盖缺失 网络故障
  物业纠纷 退款未到 发票申请 配送延误 质量问题 树枝遮挡 用电故障 排水堵塞 社保查询 学位咨询
"""
_LISTS = {line.split(":")[0]: line.split(":")[1].split() for line in _WORDS.strip().replace("\n  ", " ").splitlines()}


def _one(dice: random.Random, *lists: str) -> str:
    return "".join(dice.choice(_LISTS[name]) for name in lists)


def company(dice: random.Random) -> str:
    """A company of some city: 192,000 names."""
    return _one(dice, "cities", "brands", "trades", "forms")


def title(dice: random.Random) -> str:
    """What a paper is about."""
    return f"关于{_one(dice, 'tasks', 'cities', 'matters', 'endings')}"


def subject(dice: random.Random) -> str:
    """What somebody calls about."""
    return _one(dice, "cities", "places", "calls")
