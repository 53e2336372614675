using Functional.Base;

namespace Functional.Templates;

/// <summary>Where something stands in a template, both from 1; columns in UTF-16 code units.</summary>
readonly record struct Spot(int Line, int Column);

/// <summary>Ends reading or rendering from any depth; never leaves <see cref="Template"/>, which turns it into a value.</summary>
sealed class TemplateException(Spot at, string what, string allowed = "") : Exception(what)
{
    /// <summary>This as a fault of the template of that name.</summary>
    public Fault In(string name) => new($"{name}, line {at.Line}, column {at.Column}", Message, allowed);
}
