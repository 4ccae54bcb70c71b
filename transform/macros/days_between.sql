{# Whole days from one instant to another. #}
{% macro days_between(earlier, later) -%}
    floor(extract(epoch from {{ later }} - {{ earlier }}) / 86400)::integer
{%- endmacro %}
