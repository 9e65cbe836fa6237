"""The regions of Alibaba Cloud, and the host that serves Dysms in each of them."""

from __future__ import annotations

import difflib

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.safe_text import safe_repr

CENTRAL_HOST = "dysmsapi.aliyuncs.com"
SINGAPORE_HOST = "dysmsapi.ap-southeast-1.aliyuncs.com"

#: Region ID -> location, of the public regions and those of finance and government clouds.
MAINLAND = {
    "cn-beijing": "Beijing",
    "cn-beijing-finance-1": "Beijing Finance",
    "cn-beijing-finance-pop": "Beijing Finance",
    "cn-beijing-gov-1": "Beijing Government",
    "cn-chengdu": "Chengdu",
    "cn-chongqing": "Chongqing",
    "cn-fujian": "Fujian",
    "cn-fuzhou": "Fuzhou",
    "cn-guangzhou": "Guangzhou",
    "cn-hangzhou": "Hangzhou",
    "cn-hangzhou-finance": "Hangzhou Finance",
    "cn-heyuan": "Heyuan",
    "cn-heyuan-acdr-1": "Heyuan ACDR",
    "cn-huhehaote": "Hohhot",
    "cn-nanjing": "Nanjing",
    "cn-north-2-gov-1": "Beijing Government",
    "cn-qingdao": "Qingdao",
    "cn-shanghai": "Shanghai",
    "cn-shanghai-finance-1": "Shanghai Finance",
    "cn-shenzhen": "Shenzhen",
    "cn-shenzhen-finance-1": "Shenzhen Finance",
    "cn-wuhan": "Wuhan",
    "cn-wuhan-lr": "Wuhan",
    "cn-wulanchabu": "Ulanqab",
    "cn-zhangjiakou": "Zhangjiakou",
    "cn-zhengzhou-jva": "Zhengzhou",
    "cn-zhongwei": "Zhongwei",
}
OTHER_REGIONS = {
    "ap-northeast-1": "Tokyo",
    "ap-northeast-2": "Seoul",
    "ap-northeast-2-pop": "Seoul",
    "ap-south-1": "Mumbai",
    "ap-southeast-1": "Singapore",
    "ap-southeast-2": "Sydney",
    "ap-southeast-3": "Kuala Lumpur",
    "ap-southeast-5": "Jakarta",
    "ap-southeast-6": "Manila",
    "ap-southeast-7": "Bangkok",
    "eu-central-1": "Frankfurt",
    "eu-west-1": "London",
    "eu-west-1-oxs": "London",
    "eu-west-2": "Paris",
    "me-central-1": "Riyadh",
    "me-east-1": "Dubai",
    "na-south-1": "Mexico",
    "rus-west-1-pop": "Moscow",
    "us-east-1": "Virginia",
    "us-southeast-1": "Atlanta",
    "us-west-1": "Silicon Valley",
}
HONG_KONG = {"cn-hongkong": "Hong Kong", "cn-hongkong-finance-pop": "Hong Kong Finance"}
REGIONS = {**MAINLAND, **HONG_KONG, **OTHER_REGIONS}

#: Regions outside the mainland that Singapore does not serve. The vendor's documents (68360 and
#: api-dysmsapi-2018-05-01-endpoint) take precedence over its SDKs, which differ for cn-beijing and cn-hongkong.
_OWN_HOST = {
    **dict.fromkeys(HONG_KONG, CENTRAL_HOST),
    "ap-southeast-5": "dysmsapi.ap-southeast-5.aliyuncs.com",
    "eu-central-1": "dysmsapi.eu-central-1.aliyuncs.com",
    "us-east-1": "dysmsapi.us-east-1.aliyuncs.com",  # in the SDKs only
}

#: Every host of the service, public and in VPCs, in the vendor's documents and SDKs.
SERVICE_HOSTS = frozenset(
    {
        CENTRAL_HOST,
        SINGAPORE_HOST,
        *_OWN_HOST.values(),
        "dysmsapi-proxy.cn-beijing.aliyuncs.com",
        "dysmsapi-xman.cn-hongkong.aliyuncs.com",
        "dysmsapi-xman.ap-southeast-5.aliyuncs.com",
        "dysmsapi-vpc.aliyuncs.com",
        *(f"dysmsapi-vpc.{region}.aliyuncs.com" for region in MAINLAND),
        "dysmsapi-xman.vpc-proxy.aliyuncs.com",
        "dysmsapi-xman-vpc.ap-southeast-5.aliyuncs.com",
        "dysmsapi-xman-vpc.eu-central-1.aliyuncs.com",
        "dysmsapi-xman-vpc.us-east-1.aliyuncs.com",
    }
)

#: Every host of STS, which issues the credentials of a role. The names are exact, because customers own other hosts
#: of aliyuncs.com.
STS_HOSTS = frozenset(
    {
        "sts.aliyuncs.com",
        *(f"{name}.{region}.aliyuncs.com" for name in ("sts", "sts-vpc") for region in REGIONS),
    }
)


def host_of_region(region_id: str) -> str:
    """Return the public host that serves a region.

    :param region_id: such as ``cn-hangzhou``
    :raises DysmsInputError: the vendor has no such region; the error names similar ones
    """
    if region_id in MAINLAND:
        return CENTRAL_HOST
    if region_id in REGIONS:
        return _OWN_HOST.get(region_id, SINGAPORE_HOST)
    near = [f"{each} ({REGIONS[each]})" for each in _similar_regions(region_id)]
    meant = f"did you mean {' or '.join(near)}?" if near else "region IDs look like 'cn-hangzhou'."
    raise DysmsInputError(
        "region_id",
        f"is not a region of Alibaba Cloud: {safe_repr(region_id)}; {meant} "
        "A region that is newer than this release works if the connection's host names an endpoint of the service",
    )


def _similar_regions(written: object) -> list[str]:
    """Return up to three regions with an id or a place similar to the text."""
    text = str(written).strip().lower().replace("_", "-")[:64]
    names = {name.lower(): region for region, place in reversed(REGIONS.items()) for name in (place, region)}
    if exact := [region for region, place in REGIONS.items() if text in (region, place.lower())]:
        return exact[:3]
    found = [names[name] for name in difflib.get_close_matches(text, names, n=3, cutoff=0.7)]
    return list(dict.fromkeys(found))
