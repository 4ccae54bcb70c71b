{% macro as_of() -%}
    {%- if var('as_of') -%}
        '{{ var("as_of") }}'::timestamptz
    {%- else -%}
        current_timestamp
    {%- endif -%}
{%- endmacro %}
