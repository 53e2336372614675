using System.Reflection;
using System.Runtime.CompilerServices;

namespace Functional.Tests.Snapshots.Api;

/// <summary>Types as C# writes them: with nullability and the names in tuples; .NET's own without a namespace, and the others below <c>Functional</c>.</summary>
sealed class TypeText
{
    static readonly Dictionary<Type, string> Words = new()
    {
        [typeof(void)] = "void", [typeof(object)] = "object", [typeof(string)] = "string", [typeof(bool)] = "bool", [typeof(char)] = "char",
        [typeof(byte)] = "byte", [typeof(sbyte)] = "sbyte", [typeof(short)] = "short", [typeof(ushort)] = "ushort", [typeof(int)] = "int", [typeof(uint)] = "uint",
        [typeof(long)] = "long", [typeof(ulong)] = "ulong", [typeof(float)] = "float", [typeof(double)] = "double", [typeof(decimal)] = "decimal",
        [typeof(nint)] = "nint", [typeof(nuint)] = "nuint",
    };

    readonly Queue<string?> names;
    readonly byte[] nullable;
    int place;

    // The names of all tuples in a type, outer ones first; and for each of its parts that may be null a 2, or one number for all where they are alike.
    TypeText(ICustomAttributeProvider? named, MemberInfo? around)
    {
        names = new(named?.GetCustomAttributes(typeof(TupleElementNamesAttribute), false).OfType<TupleElementNamesAttribute>().FirstOrDefault()?.TransformNames ?? []);
        nullable = named?.GetCustomAttributes(typeof(NullableAttribute), false).OfType<NullableAttribute>().FirstOrDefault()?.NullableFlags ?? Usual(around);
    }

    /// <summary>The type of a parameter, or of what a method returns.</summary>
    public static string Of(ParameterInfo parameter) => new TypeText(parameter, parameter.Member).Text(parameter.ParameterType);

    /// <summary>The type of a property.</summary>
    public static string Of(PropertyInfo property) => new TypeText(property, property.DeclaringType).Text(property.PropertyType);

    /// <summary>The type of a field.</summary>
    public static string Of(FieldInfo field) => new TypeText(field, field.DeclaringType).Text(field.FieldType);

    /// <summary>The type of an event's handlers.</summary>
    public static string Of(EventInfo happening) => new TypeText(happening, happening.DeclaringType).Text(happening.EventHandlerType!);

    /// <summary>A type by itself, as a base or a constraint.</summary>
    public static string Of(Type type) => new TypeText(null, null).Text(type);

    /// <summary>The whole name of a type: its namespace, what it is nested in, and its parameters.</summary>
    public static string Full(Type type) => type.Namespace is { Length: > 0 } room ? $"{room}.{Of(type)[Prefix(type).Length..]}" : Of(type);

    /// <summary>Whether what is put in the place of a generic parameter must not be null (1), or may be (2).</summary>
    public static byte Nullability(Type parameter) =>
        new TypeText(parameter, (MemberInfo?)parameter.DeclaringMethod ?? parameter.DeclaringType).nullable is [var only, ..] ? only : (byte)0;

    // What holds where a member says nothing: the nearest word of what is around it.
    static byte[] Usual(MemberInfo? around)
    {
        for (; around is not null; around = around.DeclaringType)
            if (around.GetCustomAttribute<NullableContextAttribute>(false) is { } context) return [context.Flag];
        return [];
    }

    bool MayBeNull() => (nullable.Length == 1 ? nullable[0] : place < nullable.Length ? nullable[place++] : 0) == 2;

    string Text(Type type)
    {
        if (type.IsByRef) return Text(type.GetElementType()!);
        if (type.IsPointer) return $"{Text(type.GetElementType()!)}*";
        if (Nullable.GetUnderlyingType(type) is { } inner) return $"{Text(inner)}?";
        var mark = (type.IsValueType && !type.IsGenericType && !type.IsGenericParameter) || !MayBeNull() ? "" : "?";
        return Plain(type) + mark;
    }

    string Plain(Type type)
    {
        if (type.IsArray) return $"{Text(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]";
        if (type.IsGenericParameter) return type.Name;
        if (Words.TryGetValue(type, out var word)) return word;
        var arguments = type.GetGenericArguments();
        if (type.FullName?.StartsWith("System.ValueTuple`", StringComparison.Ordinal) != true) return Prefix(type) + Nested(type, [.. arguments.Select(Text)]);
        var named = arguments.Select(_ => names.TryDequeue(out var name) ? name : null).ToArray();
        return $"({string.Join(", ", arguments.Select(Text).Zip(named, static (text, name) => name is null ? text : $"{text} {name}"))})";
    }

    // The arguments of a nested type begin with those of the types around it.
    static string Nested(Type type, ReadOnlySpan<string> arguments)
    {
        var around = type.DeclaringType is { } outer ? outer.GetGenericArguments().Length : 0;
        var name = type.Name.Split('`')[0] + (arguments.Length > around ? $"<{string.Join(", ", arguments[around..].ToArray())}>" : "");
        return type.DeclaringType is { } parent ? $"{Nested(parent, arguments[..around])}.{name}" : name;
    }

    static string Prefix(Type type) => type.Namespace switch
    {
        null or "System" or "Functional" => "",
        var room when Words.ContainsKey(type) || room.StartsWith("System.", StringComparison.Ordinal) => "",
        var room when room.StartsWith("Functional.", StringComparison.Ordinal) => room["Functional.".Length..] + ".",
        var room => room + ".",
    };
}
