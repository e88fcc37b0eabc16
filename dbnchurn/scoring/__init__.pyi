from .campaign import Campaign as Campaign
from .campaign import write_campaign as write_campaign
from .job import score_file as score_file
from .result import Job as Job
