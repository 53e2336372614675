using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Functional.Tests.Snapshots.Api;

/// <summary>A member as C# declares it, without its body; nothing where it cannot be seen from outside, or the compiler made it.</summary>
static class ApiMember
{
    /// <summary>Its line.</summary>
    public static string Text(MemberInfo member)
    {
        var text = member switch
        {
            ConstructorInfo made when Sees(made) => $"{Access(made)}new({Parameters(made)})",
            FieldInfo field when !Made(field) && Access(field) is { } access => access + Field(field),
            PropertyInfo property when property.GetAccessors(true).Where(SeesAccessor).ToArray() is { Length: > 0 } seen => Property(property, seen),
            EventInfo happening when SeesAccessor(happening.AddMethod!) =>
                $"{Modifiers(happening.AddMethod!)}event {TypeText.Of(happening)} {happening.Name}",
            MethodInfo method when Sees(method) && !IsAccessor(method) && !IsObjects(method) =>
                Modifiers(method) + Method(method, method.Name + Generic(method)) + ApiType.Constraints(method),
            _ => "",
        };
        return text.Length > 0 ? ApiType.Attributes(member) + text : text;
    }

    /// <summary>What a method returns and takes, by the name that is given.</summary>
    public static string Method(MethodInfo method, string name) =>
        $"{Reference(method.ReturnParameter)}{TypeText.Of(method.ReturnParameter)} {name}({Parameters(method)})";

    /// <summary>A value as it would be written.</summary>
    public static string Literal(object? value) => value switch
    {
        null => "null",
        string s => $"\"{Escaped(s)}\"",
        char c => $"'{c}'",
        bool b => b ? "true" : "false",
        Enum e => string.Join(" | ", e.ToString().Split(", ").Select(name => $"{TypeText.Of(e.GetType())}.{name}")),
        IFormattable f => f.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    static string Escaped(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);

    static string Generic(MethodInfo method) => method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(static a => a.Name))}>" : "";

    static string Field(FieldInfo field) =>
        field.IsLiteral ? $"const {TypeText.Of(field)} {field.Name} = {Literal(field.GetRawConstantValue())}"
        : $"{Required(field)}{(field.IsStatic ? "static " : "")}{(field.IsInitOnly ? "readonly " : "")}{TypeText.Of(field)} {field.Name}";

    static string Property(PropertyInfo property, MethodInfo[] seen)
    {
        var widest = seen.FirstOrDefault(static a => a.IsPublic) ?? seen[0];
        var index = property.GetIndexParameters() is { Length: > 0 } at ? $"this[{string.Join(", ", at.Select(Parameter))}]" : property.Name;
        var accessors = seen.OrderBy(static a => a.ReturnType == typeof(void)).Select(a => (a.IsPublic == widest.IsPublic ? "" : "protected ") + Accessor(a));
        var type = Reference(property.GetMethod?.ReturnParameter) + TypeText.Of(property);
        return $"{Required(property)}{Modifiers(widest)}{type} {index} {{ {string.Join(' ', accessors.Select(static a => a + ";"))} }}";
    }

    static string Accessor(MethodInfo accessor) =>
        accessor.ReturnType != typeof(void) ? "get" : accessor.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? "init" : "set";

    static string Required(MemberInfo member) => member.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "";

    static string Parameters(MethodBase method) =>
        (method.IsDefined(typeof(ExtensionAttribute)) ? "this " : "") + string.Join(", ", method.GetParameters().Select(Parameter));

    static string Parameter(ParameterInfo parameter) =>
        Told(parameter) + (parameter.IsDefined(typeof(ParamArrayAttribute)) || parameter.IsDefined(typeof(ParamCollectionAttribute)) ? "params " : "")
        + (parameter.IsDefined(typeof(ScopedRefAttribute)) ? "scoped " : "")
        + Reference(parameter) + $"{TypeText.Of(parameter)} {parameter.Name}"
        + (parameter.HasDefaultValue ? $" = {Default(parameter)}" : "");

    // What a method says of null beside its types.
    static string Told(ParameterInfo parameter) => string.Concat(
        from attribute in parameter.CustomAttributes
        where attribute.AttributeType.Namespace == "System.Diagnostics.CodeAnalysis"
        let name = attribute.AttributeType.Name.Replace("Attribute", "", StringComparison.Ordinal)
        select $"[{name}({string.Join(", ", attribute.ConstructorArguments.Select(static a => Literal(a.Value)))})] ");

    // Reflection gives numbers for enums, and nothing for the default of a value type.
    static string Default(ParameterInfo parameter)
    {
        var type = Nullable.GetUnderlyingType(parameter.ParameterType) ?? parameter.ParameterType;
        return parameter.DefaultValue is not { } value ? type == parameter.ParameterType && type.IsValueType ? "default" : "null"
            : Literal(type.IsEnum ? Enum.ToObject(type, value) : value);
    }

    static string Reference(ParameterInfo? parameter) =>
        parameter is not { ParameterType.IsByRef: true } ? ""
        : parameter.IsOut ? "out "
        : parameter.IsDefined(typeof(RequiresLocationAttribute)) || (parameter.Position < 0 && parameter.IsDefined(typeof(IsReadOnlyAttribute))) ? "ref readonly "
        : parameter.IsDefined(typeof(IsReadOnlyAttribute)) ? "in " : "ref ";

    static string Modifiers(MethodInfo method) => Access(method)
        + (method.DeclaringType!.IsInterface ? (method.IsStatic ? method.IsAbstract ? "static abstract " : "static " : method.IsAbstract ? "" : "virtual ")
        : method.IsStatic ? "static "
        : method.GetBaseDefinition() != method ? method.IsFinal ? "sealed override " : "override "
        : method.IsAbstract ? "abstract "
        : method.IsVirtual && !method.IsFinal ? "virtual " : "");

    static string Access(MethodBase method) => method.IsPublic ? "" : "protected ";

    static string? Access(FieldInfo field) =>
        field.IsPublic ? "" : (field.IsFamily || field.IsFamilyOrAssembly) && !field.DeclaringType!.IsSealed ? "protected " : null;

    // Of a record the compiler makes more than anybody wrote.
    static bool Sees(MethodBase method) => IsOpen(method) && !Made(method) && !method.Name.Contains('<', StringComparison.Ordinal);

    // It makes accessors, too, for properties that somebody wrote.
    static bool SeesAccessor(MethodInfo accessor) => IsOpen(accessor) && accessor.Name != "get_EqualityContract";

    static bool IsOpen(MethodBase method) =>
        method.IsPublic || ((method.IsFamily || method.IsFamilyOrAssembly) && !method.DeclaringType!.IsSealed);

    static bool Made(MemberInfo member) => member.IsDefined(typeof(CompilerGeneratedAttribute));

    static bool IsAccessor(MethodInfo method) => method.IsSpecialName && !method.Name.StartsWith("op_", StringComparison.Ordinal);

    static bool IsObjects(MethodInfo method) => method.GetBaseDefinition().DeclaringType == typeof(object);
}
