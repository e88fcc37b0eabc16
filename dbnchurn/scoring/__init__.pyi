from .campaign import Campaign as Campaign
from .campaign import write_campaign as write_campaign
from .explaining import explain_file as explain_file
from .job import score_file as score_file
from .outputs import Job as Job
